"""The simulator itself: it replays exactly, and its promises notice when they are broken."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from simulated_clients import Showing
from simulated_nodes import WRITES
from simulator import PASSWORD, Simulator

from client_events import Ended, EndReason, EntryArrived
from conversation import ROOM, Entry, EntryKind
from records import Store
from settings import Limits, ServerSettings

pytestmark = pytest.mark.uncounted

_REPLAY = """
from simulator import Simulator
with Simulator(5, loss=0.2, duplication=0.2, corruption=0.05, jitter=0.001) as network:
    ana, budi = network.clients("Ana", "Budi")
    ana.say(*map(str, range(50)))
    network.run(seconds=1)
    network.server.kill_after(40)
    budi.say(*map(chr, range(97, 117)))
    network.run(seconds=1)
    ana.kill()
    ana.join()
    network.check_healed()
    print(network.network.trace())
"""


@pytest.mark.parametrize("seed", range(20))
def test_entries_arrive_once_and_in_order_over_a_bad_network(seed: int) -> None:
    with Simulator(seed, loss=0.4, duplication=0.3) as network:
        ana, budi = network.clients("ana", "budi")

        ana.say("satu", "dua", "tiga")
        network.run_until(network.is_at_rest)

        assert budi.texts() == ["satu", "dua", "tiga"]
        network.check()


def trace_of_another_process(**variables: str) -> str:
    """What a fresh interpreter makes of the same seed."""
    here = Path(__file__).parent
    path = os.pathsep.join((str(here), str(here.parent)))
    ran = subprocess.run(
        [sys.executable, "-c", _REPLAY],
        env=os.environ | {"PYTHONPATH": path} | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    trace = ran.stdout.strip()
    assert len(trace) == 32
    return trace


def test_the_same_seed_replays_exactly_in_another_process_too() -> None:
    first = trace_of_another_process(PYTHONHASHSEED="1")
    second = trace_of_another_process(PYTHONHASHSEED="2")

    assert first == second


def test_with_and_without_the_cryptography_package_every_byte_on_the_wire_is_the_same() -> None:
    with_package = trace_of_another_process(RUANG_CRYPTO="package")
    without = trace_of_another_process(RUANG_CRYPTO="pure")

    assert with_package == without


def test_another_seed_is_another_run() -> None:
    traces = set()
    for seed in range(3):
        with Simulator(seed, loss=0.2) as network:
            network.clients("Ana", "Budi")
            network.run(seconds=5)
            traces.add(network.network.trace())

    assert len(traces) == 3


def test_a_failure_names_its_seed_and_instant() -> None:
    with Simulator(77) as network:
        network.clients("Ana")

        with pytest.raises(AssertionError) as failure:
            network.run_until(lambda: False, within=3)

        assert any("seed 77, 3.0" in note for note in failure.value.__notes__)


def test_a_defect_of_a_core_is_not_swallowed() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        network.everybody_enters()

        def broken(now: float) -> None:
            raise ZeroDivisionError

        ana.core.handle_timer = broken
        with pytest.raises(ZeroDivisionError):
            network.run(seconds=60)


def test_the_promises_notice_what_is_lost_doubled_disordered_or_made_up() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        ana.say("satu", "dua")
        network.run_until(network.is_at_rest)
        network.check()
        number, newest = budi.log()[-1]

        def notices(promise: str) -> None:
            with pytest.raises(AssertionError, match=promise):
                network.check()

        ana.acknowledged.append("tiga")
        notices("I1")
        ana.acknowledged.pop()
        ana.acknowledged.append("dua")
        notices("I2")
        ana.acknowledged.pop()
        ana.said.reverse()
        notices("I3")
        ana.said.reverse()
        budi.history[1][-1] = (number, newest._replace(text="lain"))
        notices("I4")
        budi.history[1][-1] = (number, newest)
        ana.said.remove("dua")
        notices("I5")
        ana.said.append("dua")
        network.check()
        with pytest.raises(AssertionError, match="was shown"):
            budi.on_event(EntryArrived(1, number + 2, newest))
        with pytest.raises(AssertionError, match="was shown"):
            budi.on_event(EntryArrived(1, number, newest))


def test_the_promises_notice_what_is_not_where_it_was_said_or_shown_to_who_may_not_see_it() -> None:
    with Simulator(1) as network:
        ana, budi, citra = network.clients("Ana", "Budi", "Citra")
        network.everybody_enters()
        ana.write("Budi", "hanya kita")
        network.run_until(lambda: budi.texts(budi.private("Ana")) == ["hanya kita"])
        place = budi.private("Ana")
        budi.see(place)
        network.run(seconds=1)
        network.check_healed()

        def notices(promise: str) -> None:
            with pytest.raises(AssertionError, match=promise):
                network.check_healed()

        ana.places["hanya kita"] = ROOM
        notices("I5: 2 has what nobody said there")
        ana.places["hanya kita"] = place
        strange = Showing(frozenset({citra.identity.person}), place)
        citra.shown[strange] = 1
        notices("I5: Citra was shown 1 of 2, and may know 0")
        citra.shown.clear()
        told = citra.conversations[ROOM]
        citra.conversations[place] = replace(told, conversation=place)
        notices("still not so")
        del citra.conversations[place]
        network.server.store.set_read(ana.identity.person, place, 1)
        network.check_healed()
        network.server.store.rollback()
        notices("a read marker is lost")


def test_every_method_of_a_store_is_known_to_fail_on_a_full_disk_or_not_to_write() -> None:
    methods = {name for name in vars(Store) if not name.startswith("_")}
    reading = {
        *("account", "account_named", "account_names", "bans", "chain_at", "conversation"),
        *("conversations_of", "group_named", "groups", "guesses", "head", "is_account_name"),
        *("is_group_name", "is_member", "member_names", "members", "notices", "once", "person"),
        *("present_people", "private_between", "read", "read_later", "read_markers"),
        *("remembered_sessions", "room_id", "search_later", "stream"),
        *("file", "file_places", "files_count", "files_size", "has_brought", "may_read_file"),
        *("newest_files", "shared_files", "unshared_files"),
    }
    reading |= {"realms", "realm_names", "foreign_person", "foreign_people", "mirror", "mirrors"}
    reading |= {"foreign_person_there", "count_foreign_people", "shared_logs", "realms_of"}
    reading |= {"has_shared", "followed", "followed_after", "count_followed", "realm_has"}
    reading |= {"waiting_for", "waiting_logs", "realm_name", "is_dropped", "count_refused"}
    reading |= {
        "undelivered",
        "declined",
        "refused_to",
        "awaited_files",
        "is_awaited_in",
        "realm_bytes",
    }
    reading |= {"may_realm_read_file", "is_awaited_by", "is_awaited_by_realm", "is_abroad"}
    reading |= {"count_unmet_people", "count_private", "lost_guests"}
    by_itself = {"index_some", "write_along", "next_chore", "grow_log", "rollback", "close"}

    assert methods - reading - by_itself == WRITES


def test_a_killed_server_leaves_what_was_committed_and_nothing_else() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        network.everybody_enters()
        ana.say("sebelum")
        network.run_until(network.is_at_rest)

        network.server.kill_after(0)
        ana.say("sesudah")
        network.run(seconds=1)
        network.server.spare()
        network.cut(ana)
        network.server.start()
        network.run(seconds=1)

        assert network.server.kills == 1
        assert network.server.texts() == ["sebelum"]
        network.check_healed()
        assert network.server.texts() == ["sebelum", "sesudah"]


def test_a_killed_client_goes_on_as_the_same_person_with_what_it_had_kept() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.cut(ana)
        ana.say("satu", "dua")
        network.run(seconds=1)
        first = ana.entered

        ana.kill()
        network.run(seconds=5)
        network.mend(ana)
        ana.join()
        network.check_healed()

        assert first is not None
        assert ana.entered is not None
        assert (ana.entered.person, ana.entered.has_returned) == (first.person, True)
        assert budi.texts() == ["satu", "dua"]
        joined = [Entry.decode(stored.body).kind for stored in network.server.log()]
        assert joined.count(EntryKind.JOINED) == 2


def test_leaving_ends_the_program_after_all_is_acknowledged() -> None:
    with Simulator(1, loss=0.3) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        ana.say(*map(str, range(20)))
        ana.leave()
        network.run(seconds=10)
        network.check()

        assert ana.ended == Ended(EndReason.LEFT)
        assert budi.texts() == [str(place) for place in range(20)]
        assert ana.run is None


def test_limits_and_settings_reach_the_server() -> None:
    settings = ServerSettings(
        room_name="Kecil", password=PASSWORD, limits=replace(Limits(), entered=1)
    )
    with Simulator(1, settings=settings) as network:
        ana = network.client("Ana")
        network.everybody_enters()
        budi = network.client("Budi")
        network.run(seconds=5)

        assert ana.entered is not None
        assert ana.entered.room_name == "Kecil"
        assert budi.ended == Ended(EndReason.REFUSED)

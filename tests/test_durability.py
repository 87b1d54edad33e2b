"""D1, D7, D8, D9: what was acknowledged is there, whenever a process dies and whatever clocks say.

kill -9 is simulated by keeping the folder as the operating system has it at that instant and
starting the next server on that; see simulator.Server.
"""

import csv
import shutil
from pathlib import Path

import pytest
from simulator import FIRST_UTC, Client, Server, Simulator, open_handles

from client_events import Connection, Entered, EntryArrived, LogReplaced
from conversation import Entry, EntryKind
from protocol import Code
from server_events import Happened, HappeningKind, Stopped

pytestmark = pytest.mark.uncounted

NAMES = ("Ana", "Budi", "Citra")
HOUR, YEAR = 3600.0, 365 * 86_400.0  # seconds


def talk(everyone: tuple[Client, ...], posts: int) -> None:
    """Everyone says so many texts, as fast as they are acknowledged."""
    for one in everyone:
        one.say(*(f"{one.name} {place}" for place in range(1, posts + 1)))


def restart_after(network: Simulator, seconds: float) -> None:
    """Somebody starts the server again, if it is dead then."""

    def start() -> None:
        if not network.server.is_running:
            network.server.start()

    network.after(seconds, start)


def assert_archive_agrees(server: Server) -> None:
    """archive.csv tells the same story as the store."""
    rows = read_archive(server.folder)
    entries = [Entry.decode(stored.body) for stored in server.log()]
    assert [(int(row["number"]), row["kind"], row["name"]) for row in rows] == [
        (number, entry.kind.name.lower(), entry.name)
        for number, entry in enumerate(entries, start=1)
    ]
    texts = [entry.text for entry in entries]
    assert [row["text"].removeprefix("'") for row in rows] == texts


def read_archive(folder: Path) -> list[dict[str, str]]:
    """The rows of archive.csv."""
    with (folder / "archive.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- D1: kill -9 of the server ---


def kill_at_random_instants(seed: int) -> int:
    """Under load, four times at most; all must be there afterwards. How often it was killed."""
    with Simulator(seed, loss=0.05, duplication=0.05, delay=0.005, jitter=0.004) as network:
        chance = network.random("kills")
        everyone = network.clients(*NAMES)

        talk(everyone, 60)
        for _ in range(4):
            network.run(seconds=chance.uniform(0.0, 0.3))
            if chance.random() < 0.5:
                network.server.kill()
            else:
                network.server.kill_after(chance.randrange(200))
            network.run(seconds=chance.uniform(0.0, 0.5))
            if not network.server.is_running:
                network.server.start()
        network.check_healed(within=60)

        for one in everyone:
            assert len(one.texts()) == 60 * len(everyone)
        network.run(seconds=5)
        assert_archive_agrees(network.server)
        return network.server.kills


@pytest.mark.parametrize("seed", range(20))
def test_d1_a_server_killed_at_random_instants_under_load_loses_nothing(seed: int) -> None:
    assert kill_at_random_instants(seed) >= 1


@pytest.mark.parametrize("first", range(0, 240, 40))
def test_d1_a_server_killed_after_any_step_of_its_work_loses_nothing(first: int) -> None:
    for steps in range(first, first + 40):
        with Simulator(steps) as network:
            ana, budi = network.clients("Ana", "Budi")
            network.everybody_enters()

            network.server.kill_after(steps)
            ana.say("satu", "dua", "x" * 2500, "tiga")
            budi.say("empat", "lima")
            restart_after(network, 1.0)
            network.run(seconds=1.5)
            network.check_healed(within=20)

            assert len(ana.texts()) == len(budi.texts()) == 6


@pytest.mark.parametrize("first", range(0, 120, 40))
def test_d1_a_server_killed_after_any_step_of_entering_lets_everyone_in_once(first: int) -> None:
    for steps in range(first, first + 40):
        with Simulator(steps) as network:
            network.server.kill_after(steps)
            ana, budi = network.clients("Ana", "Budi")
            restart_after(network, 1.0)
            network.run(seconds=3.0)
            network.check_healed(within=20)

            joined = [
                entry.name
                for entry in (Entry.decode(stored.body) for stored in network.server.log())
                if entry.kind is EntryKind.JOINED
            ]
            assert sorted(joined) == ["Ana", "Budi"]
            assert ana.people.keys() == budi.people.keys()


def test_idle_clients_are_back_within_five_seconds_of_the_server_being_up() -> None:
    with Simulator(2, loss=0.1) as network:
        everyone = network.clients(*(f"Murid {place}" for place in range(20)))
        network.everybody_enters()
        network.run(seconds=30)

        network.server.kill()
        network.run(seconds=30)
        for one in everyone:
            one.events.clear()
        network.server.start()
        network.run(seconds=5)
        network.check_healed()

        # They came back silently: nobody left and nobody joined anew.
        kinds = [Entry.decode(stored.body).kind for stored in network.server.log()]
        assert kinds == [EntryKind.JOINED] * 20
        for one in everyone:
            assert one.connection is Connection.HERE
            assert one.names() == sorted(one.name for one in everyone)


def test_a_server_that_stops_in_good_order_and_starts_again_finds_everyone() -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        talk(everyone, 20)
        network.run(seconds=0.05)

        network.server.stop()
        network.run_until(lambda: not network.server.is_running, 5)
        network.run(seconds=60)
        network.server.start()
        network.check_healed(within=10)

        assert any(isinstance(event, Stopped) for event in network.server.events)
        for one in everyone:
            assert len(one.texts()) == 60


def test_who_does_not_come_back_after_a_restart_has_left() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        network.server.kill()
        budi.kill()
        network.server.start()
        network.run(seconds=100)
        before = ana.names()
        network.run(seconds=60)
        network.check_healed()

        entries = [Entry.decode(stored.body) for stored in network.server.log()]
        left = [entry.name for entry in entries if entry.kind is EntryKind.LEFT]
        assert before == ["Ana", "Budi"]
        assert ana.names() == ["Ana"]
        assert left == ["Budi"]


# --- D1: kill -9 of a client ---


@pytest.mark.parametrize("seed", range(10))
def test_d1_clients_killed_at_random_instants_resume_what_they_had_said(seed: int) -> None:
    with Simulator(seed, loss=0.1, delay=0.01) as network:
        chance = network.random("kills")
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()

        for turn in range(6):
            ana.say(*(f"{turn} {place}" for place in range(20)))
            network.run(seconds=chance.uniform(0.001, 0.15))
            if chance.random() < 0.5:
                ana.kill()
            else:
                ana.kill_after(chance.randrange(60))
                network.run(seconds=0.2)
                ana.kill()
            kept = [draft.text for draft in ana.run.waiting] if ana.run is not None else []
            network.run(seconds=chance.uniform(0.0, 1.0))
            ana.join()
            network.everybody_enters()
            network.check_healed()

            assert set(kept) <= set(budi.texts())
        assert len({entered.person for entered in ana.saw(Entered)}) == 1


def test_server_and_clients_killed_together_again_and_again() -> None:
    with Simulator(1, loss=0.05, delay=0.005) as network:
        chance = network.random("kills")
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        for turn in range(8):
            for one in everyone:
                one.say(*(f"{one.name} {turn} {place}" for place in range(10)))
            network.run(seconds=chance.uniform(0.0, 0.1))
            network.server.kill()
            victim = chance.choice(everyone)
            victim.kill()
            network.run(seconds=chance.uniform(0.0, 0.5))
            network.server.start()
            network.run(seconds=chance.uniform(0.0, 0.5))
            victim.join()
            network.check_healed(within=60)

        assert len({tuple(one.texts()[-50:]) for one in everyone}) == 1


def test_d1_who_was_away_too_long_to_be_known_says_what_waited_first_and_once() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.say("nol")
        network.run_until(network.is_at_rest)
        network.cut(ana)
        ana.say("satu", "dua")
        network.run(seconds=1)
        ana.kill()
        network.run(seconds=300)

        network.server.shift_wall_clock(25 * HOUR)  # the return token has lapsed meanwhile
        network.mend(ana)
        ana.join()
        ana.say("tiga")
        network.check_healed()

        assert [entered.has_returned for entered in ana.saw(Entered)] == [False, False]
        assert budi.texts() == ["nol", "satu", "dua", "tiga"]


# --- D5, D6: disks that fail ---


@pytest.mark.parametrize("share", [1.0, 0.05])
def test_d6_a_full_disk_refuses_posts_with_a_reason_and_serves_readers(share: float) -> None:
    with Simulator(1, loss=0.02) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.say(*(f"sebelum {place}" for place in range(20)))
        network.run_until(network.is_at_rest)
        budi.kill()

        network.server.fill_disk(share)
        ana.say(*(f"penuh {place}" for place in range(20)))
        network.run(seconds=5)
        network.check()
        refused = [event.code for event in ana.refused]
        network.server.mend_disk()
        budi.join()
        ana.say(*(f"sesudah {place}" for place in range(20)))
        network.check_healed()

        kept = 20 - len(refused)
        assert set(refused) == {Code.DISK_FULL}
        assert kept == 0 or share < 1.0
        assert len(ana.texts()) == 40 + kept
        assert budi.texts() == ana.texts()
        kinds = [event.kind for event in network.server.events if isinstance(event, Happened)]
        assert HappeningKind.DISK_FULL in kinds
        assert HappeningKind.DISK_FREE in kinds


def test_d6_who_comes_while_the_disk_is_full_gets_in_once_there_is_space() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=1)
        network.cut(ana)
        ana.say("satu")
        network.run(seconds=35)

        network.server.fill_disk()
        network.mend(ana)
        citra = network.client("Citra")
        citra.keeps_trying = True
        network.run(seconds=30)
        while_full = (ana.connection, citra.entered)
        network.check_healed()
        network.run_until(lambda: citra.entered is not None, 30)
        network.check_healed()

        assert while_full == (Connection.LOST, None) or ana.ended is None
        assert while_full[1] is None
        assert ana.texts() == budi.texts() == citra.texts() == ["satu"]


def test_d5_after_an_i_o_error_nothing_is_acknowledged_and_the_server_ends() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=1)

        network.server.break_disk()
        ana.say("satu")
        network.run(seconds=1)
        acknowledged = list(ana.acknowledged)
        is_running = network.server.is_running
        network.check_healed()

        assert acknowledged == []
        assert not is_running
        assert budi.texts() == ["satu"]


# --- D7: clocks ---


@pytest.mark.parametrize("shift", [HOUR, -HOUR, 10 * YEAR, -FIRST_UTC / 1000])
def test_d7_no_session_is_lost_to_the_wall_clock_and_the_log_s_time_never_falls(
    shift: float,
) -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        talk(everyone, 5)
        network.run(seconds=5)
        for one in everyone:
            one.events.clear()

        network.server.shift_wall_clock(shift)
        for one in everyone:
            one.say(f"{one.name} sesudahnya")
        network.run(seconds=60)
        network.check_healed()

        for one in everyone:
            assert len(one.texts()) == 18
            assert one.connection is Connection.HERE
            arrived = one.saw(EntryArrived)
            assert [event.entry.kind for event in arrived] == [EntryKind.TEXT] * 3


def test_d7_a_clock_set_by_years_forgets_nothing_of_those_who_are_here_and_silent() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.say("sebelum")
        network.run_until(network.is_at_rest)

        network.server.shift_wall_clock(10 * YEAR)
        network.run(seconds=130)  # what is old is forgotten once a minute
        ana.say("sesudah")
        network.run_until(network.is_at_rest)

        assert budi.texts() == ["sebelum", "sesudah"]
        network.check()


def test_d7_after_a_clock_set_back_and_a_restart_people_come_back_as_themselves() -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        people = [one.entered.person for one in everyone if one.entered]

        network.server.kill()
        network.server.shift_wall_clock(-HOUR)
        network.server.start()
        network.run(seconds=5)
        network.check_healed()

        assert [one.entered.person for one in everyone if one.entered] == people


@pytest.mark.parametrize("who", ["server", "client"])
def test_d7_a_program_stopped_for_a_minute_goes_on(who: str) -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()

        (network.server if who == "server" else everyone[0]).stop_for(60.0)
        talk(everyone, 20)
        network.run(seconds=60)
        network.check_healed(within=20)

        for one in everyone:
            assert len(one.texts()) == 60


# --- D8: an older backup ---


def test_d8_every_client_reports_an_older_backup_that_was_put_back_and_takes_the_server_s_log() -> (
    None
):
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        talk(everyone, 5)
        network.run(seconds=5)
        network.server.kill()
        backup = network.server.folder.with_name("backup")
        shutil.copytree(network.server.folder, backup)
        network.server.start()
        network.heal()
        for one in everyone:
            one.say(f"{one.name} sesudah cadangan")
        network.heal()

        network.server.kill()
        shutil.rmtree(network.server.folder)
        shutil.copytree(backup, network.server.folder)
        network.server.start()
        for one in everyone:
            one.said = [text for text in one.said if "sesudah" not in text]
            one.acknowledged = [text for text in one.acknowledged if "sesudah" not in text]
        network.run(seconds=10)
        everyone[0].say("kita mulai lagi dari sini")
        network.check_healed()

        for one in everyone:
            assert len(one.saw(LogReplaced)) == 1
            assert len(one.texts()) == 16
            assert one.texts()[-1] == "kita mulai lagi dari sini"


def test_d8_a_backup_that_grew_differently_is_not_taken_for_the_same_log() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        network.run(seconds=2)
        network.server.kill()
        backup = network.server.folder.with_name("backup")
        shutil.copytree(network.server.folder, backup)
        network.server.start()
        network.heal()
        ana.say("jalan pertama")
        network.heal()

        network.server.kill()
        shutil.rmtree(network.server.folder)
        shutil.copytree(backup, network.server.folder)
        network.cut(ana)
        network.server.start()
        ana.said, ana.acknowledged = [], []
        network.run(seconds=5)
        budi.say("jalan kedua", "dan lebih jauh")
        network.run(seconds=5)
        network.mend(ana)
        network.run(seconds=10)
        network.check_healed()

        assert len(ana.saw(LogReplaced)) == 1
        assert ana.texts() == budi.texts() == ["jalan kedua", "dan lebih jauh"]


# --- D9: the archive ---


@pytest.mark.parametrize("damage", ["deleted", *(f"cut at {place} of 18" for place in range(19))])
def test_d9_an_archive_that_was_deleted_or_cut_is_rebuilt_equal(damage: str) -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        talk(everyone, 5)
        network.run(seconds=2)
        network.server.stop()
        network.run_until(lambda: not network.server.is_running, 5)
        archive = network.server.folder / "archive.csv"
        whole = archive.read_bytes()

        if damage == "deleted":
            archive.unlink()
        else:
            archive.write_bytes(whole[: len(whole) * int(damage.split()[2]) // 18])
        network.server.start()
        network.run(seconds=5)
        network.check_healed()

        assert archive.read_bytes().startswith(whole)
        assert_archive_agrees(network.server)


# --- I7 ---


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux to count handles")
def test_i7_restarts_and_reconnects_leave_no_handle_open() -> None:
    with Simulator(1) as network:
        everyone = network.clients(*NAMES)
        network.everybody_enters()
        network.server.kill()
        network.server.start()
        network.heal()
        before = open_handles()

        for _ in range(5):
            talk_again = [f"{one.name} {network.now}" for one in everyone]
            for one, text in zip(everyone, talk_again, strict=True):
                one.say(text)
            network.server.kill()
            network.server.start()
            network.heal()
        network.check()

        assert open_handles() == before

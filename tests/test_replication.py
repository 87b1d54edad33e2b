"""Delivery in a whole room, row by row: what the server says to whom, when, and how often.

What one end does alone is tested in test_replication_client.py, test_replication_server.py and
test_client_logs.py; who is here in test_people.py.
"""

from dataclasses import replace

import pytest
from guests import STREAM, enter, entries, guest, in_company, post, seen
from raw_peers import RawClient
from simulator import PASSWORD, Simulator

import client_events as client
from conversation import ROOM
from entering import EnterAnswer, EnterRequest, HeldLog
from protocol import MAX_DATAGRAM, Code, Verb
from protocol_frames import EntryPart, Have, Heads, Ping, Posted, Pull, Reached, Refused
from settings import Limits

pytestmark = pytest.mark.uncounted

# --- drafts ---


def test_answers_are_repeated_until_the_author_says_that_it_has_them() -> None:
    with Simulator(1) as network:
        ana = guest(network, "Ana")

        post(ana, 1, "satu")
        post(ana, 2, "   ")
        network.run(seconds=0.1)
        ana.frames.clear()
        post(ana, 1, "satu")
        network.run(seconds=0.1)
        repeated = [frame.draft for frame in ana.frames if isinstance(frame, Posted | Refused)]
        ana.frames.clear()
        post(ana, 3, "tiga", oldest=3)
        network.run(seconds=0.1)

        assert repeated == [1, 2]
        assert [frame.draft for frame in seen(ana, Posted)] == [3]
        assert seen(ana, Refused) == []
        assert network.server.texts() == ["satu", "tiga"]


def test_early_drafts_wait_and_those_the_author_gave_up_are_not_waited_for() -> None:
    with Simulator(1) as network:
        ana = guest(network, "Ana")

        for draft in (4, 3, 2):
            post(ana, draft, f"draft {draft}")
        network.run(seconds=0.5)
        before = network.server.texts()
        post(ana, 5, "draft 5", oldest=3)
        network.run(seconds=0.5)

        assert before == []
        assert network.server.texts() == ["draft 3", "draft 4", "draft 5"]


def test_every_answer_refusals_too_is_the_same_after_a_crash() -> None:
    with Simulator(1) as network:
        ana = network.raw_client()
        first = enter(network, ana)
        assert isinstance(first, EnterAnswer)
        post(ana, 1, "   ")
        post(ana, 2, "dua")
        network.run(seconds=0.5)
        before = seen(ana, Refused)[-1:], seen(ana, Posted)[-1:]

        network.server.kill()
        network.server.start()
        ana.frames.clear()
        enter(network, ana, token=first.token)
        post(ana, 2, "dua lagi")
        network.run(seconds=0.5)

        assert (seen(ana, Refused)[-1:], seen(ana, Posted)[-1:]) == before
        assert before[0] == [Refused(1, Code.TEXT_INVALID)]
        assert network.server.texts() == ["dua"]


def test_a_stream_is_bound_to_its_person() -> None:
    with Simulator(1) as network:
        ana, thief = network.raw_client(), network.raw_client(port=41_001)
        enter(network, ana)
        assert thief.shake_hands()
        assert thief.prove(PASSWORD) is Code.OK

        request = EnterRequest(b"o" * 16, STREAM, "Maling", None, ())
        answer = thief.ask(Verb.ENTER, request.encode())

        assert answer is not None
        assert answer.code is Code.STREAM_IN_USE


def test_drafts_never_give_up_and_are_not_lost_to_an_hour_without_a_server() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)
        network.server.kill()

        ana.say("masih ada?")
        network.run(seconds=3_600)
        network.server.start()
        network.check_healed()

        assert budi.texts() == ["masih ada?"]
        assert ana.acknowledged == ["masih ada?"]


# --- push ---


def test_what_was_committed_is_pushed_once_to_everyone_without_being_asked_for() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        raw = guest(network, "Budi")
        start = network.server.head()

        ana.say(*(f"{place} " + "x" * 100 for place in range(40)))
        network.run(seconds=0.15)

        assert entries(raw) == list(range(start + 1, start + 41))
        assert len(raw.received) < 40  # many to a datagram


def test_the_author_gets_posted_and_the_others_the_entry() -> None:
    with Simulator(1) as network:
        ana = guest(network, "Ana")
        budi = guest(network, "Budi", port=41_001)
        ana.frames.clear()

        post(ana, 1, "satu")
        network.run(seconds=0.04)

        assert [frame.draft for frame in seen(ana, Posted)] == [1]
        assert len(entries(budi)) == 1
        assert entries(ana) == []


def test_nothing_is_said_before_it_is_on_disk() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)

        for steps in range(60):
            network.server.kill_after(steps)
            ana.say(f"kata {steps}")
            network.run(seconds=0.3)
            told = {*ana.acknowledged, *budi.texts()}
            network.server.spare()
            if not network.server.is_running:
                network.server.start()
            assert told <= set(network.server.texts())
        network.check_healed()


# --- have and heads ---


def test_a_client_reports_rarely_and_cumulatively() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = in_company(network)
        place = len(network.recording)

        ana.say(*(f"kata {number}" for number in range(100)))
        network.run_until(network.is_at_rest)
        network.run(seconds=1)

        from_budi = [sent for sent in network.recording[place:] if sent.source == budi.address]
        assert len(budi.texts()) == 100
        assert len(from_budi) <= 10


def test_a_push_that_got_lost_is_made_good_by_the_heads_that_follow() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)

        network.cut(budi)
        ana.say("hilang")
        network.run(seconds=0.03)
        network.mend(budi)
        took = network.run_until(lambda: budi.texts() == ["hilang"])

        assert took < 0.2


def test_heads_follow_after_a_moment_then_ever_more_rarely_then_with_each_keepalive() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        raw = guest(network, "Budi")

        ana.say("satu")
        start, times = network.now, list[float]()
        for _ in range(2_000):
            network.run(seconds=0.01)
            if seen(raw, Heads):
                times.append(network.now - start)
                raw.frames.clear()
        raw.send_frames(Ping(1).encode())
        network.run(seconds=0.1)

        assert times == pytest.approx([0.2, 0.4, 1.4, 6.4], abs=0.03)
        assert Heads(((ROOM, network.server.head()),)) in seen(raw, Heads)


def test_who_reported_have_is_not_reminded() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        raw = guest(network, "Budi")

        ana.say("satu")
        network.run(seconds=0.1)
        raw.send_frames(Have(((ROOM, network.server.head()),)).encode())
        raw.frames.clear()
        network.run(seconds=20)

        assert seen(raw, Heads) == []


# --- pull ---


def talkative(network: Simulator, count: int = 200) -> RawClient:
    """A guest in a room with a long log of 900 bytes an entry."""
    (ana,) = network.clients("Ana")
    ana.say(*(f"{place} ".ljust(900, "x") for place in range(count)))
    network.run_until(network.is_at_rest)
    return guest(network, "Budi")


def test_a_pull_is_answered_with_64_kib_at_most_lowest_first() -> None:
    with Simulator(1) as network:
        raw = talkative(network)

        raw.send_frames(Pull(ROOM, 10, 0, 190).encode())
        network.run(seconds=0.1)

        numbers = entries(raw)
        assert numbers == list(range(10, 10 + len(numbers)))
        assert 64 * 1024 <= sum(len(part.body) + 21 for part in seen(raw, EntryPart)) < 66 * 1024


def test_a_pull_may_begin_at_a_part() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        ana.say("x" * 5_000)
        network.run_until(network.is_at_rest)
        raw = guest(network, "Budi")

        raw.send_frames(Pull(ROOM, 2, 3, 2).encode())
        network.run(seconds=0.1)

        assert [(part.number, part.part) for part in seen(raw, EntryPart)] == [(2, 3), (2, 4)]


def test_what_is_no_longer_in_memory_is_read_for_a_pull() -> None:
    with Simulator(1, limits=Limits(log_cache_bytes=10_000)) as network:
        raw = talkative(network)

        raw.send_frames(Pull(ROOM, 1, 0, 30).encode())
        network.run(seconds=0.5)

        assert entries(raw) == list(range(1, 31))


def test_a_pull_of_what_does_not_exist_or_may_not_be_read_is_answered_with_a_head_of_nothing() -> (
    None
):
    with Simulator(1) as network:
        raw = guest(network, "Budi")

        raw.send_frames(Pull(99, 1, 0, 5).encode())
        network.run(seconds=0.1)

        assert seen(raw, Heads) == [Heads(((99, 0),))]
        assert entries(raw) == []


def test_a_gap_is_pulled_within_a_moment_even_while_others_go_on_talking() -> None:
    with Simulator(3, delay=0.02) as network:
        ana, budi = in_company(network)
        (citra,) = network.clients("Citra")
        network.everybody_enters()
        ana.say_slowly(0.004, *(f"kata {number}" for number in range(500)))

        network.run(seconds=0.5)
        network.cut(budi)
        network.run(seconds=0.01)
        network.mend(budi)
        missing = len(budi.texts())
        network.run(seconds=0.5)

        assert len(budi.texts()) > missing + 50
        assert len(citra.texts()) - len(budi.texts()) < 50


# --- flow control ---


def test_who_reports_nothing_gets_256_kb_and_then_heads_alone_until_it_catches_up() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        raw = guest(network, "Budi")

        ana.say(*(f"{place} ".ljust(1_000, "x") for place in range(1_000)))
        network.run_until(network.is_at_rest)
        network.run(seconds=1)
        pushed = sum(len(part.body) for part in seen(raw, EntryPart))
        reminded = len(seen(raw, Heads))
        raw.send_frames(Have(((ROOM, network.server.head()),)).encode())
        network.run(seconds=0.1)
        raw.frames.clear()
        ana.say("lagi")
        network.run(seconds=0.1)

        assert 200_000 < pushed < 300_000
        assert reminded > 0
        assert entries(raw) == [network.server.head()]


# --- receipts ---


def test_a_receipt_comes_when_everyone_present_has_the_entry_and_not_before() -> None:
    with Simulator(1) as network:
        ana = guest(network, "Ana")
        budi, citra = (guest(network, name, port) for name, port in (("Budi", 1), ("Citra", 2)))
        post(ana, 1, "satu")
        network.run(seconds=0.3)
        head = network.server.head()
        have = Have(((ROOM, head),)).encode()

        early = []
        for one in (ana, budi, citra):
            early.append(len(seen(ana, Reached)))
            one.send_frames(have)
            network.run(seconds=0.3)

        assert early == [0, 0, 0]
        assert seen(ana, Reached) == [Reached(((ROOM, head),))]
        assert seen(budi, Reached) == []  # only authors who wait for one are told


def test_receipts_go_out_each_200_ms_at_most() -> None:
    with Simulator(1, record=True) as network:
        ana, budi = guest(network, "Ana"), guest(network, "Budi", port=1)

        for draft in range(1, 51):
            post(ana, draft, f"kata {draft}", oldest=draft)
            network.run(seconds=0.01)
            for one in (ana, budi):
                one.send_frames(Have(((ROOM, network.server.head()),)).encode())
            network.run(seconds=0.01)
        network.run(seconds=1)

        assert 2 <= len(seen(ana, Reached)) <= 7
        assert seen(ana, Reached)[-1] == Reached(((ROOM, network.server.head()),))


def test_a_receipt_that_got_lost_comes_with_the_next_keepalive() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)
        ana.say("satu")
        network.run(seconds=0.15)  # both have reported; the receipt is due after 0.2 s

        network.cut(ana)
        network.run(seconds=0.5)
        network.mend(ana)
        before = ana.reached
        network.run(seconds=11)

        assert budi.texts() == ["satu"]
        assert before < ana.reached == network.server.head()


def test_who_lacks_an_entry_can_be_asked() -> None:
    with Simulator(1) as network:
        ana, _ = in_company(network)
        guest(network, "Citra")
        ana.say("sudah?")
        network.run(seconds=1)
        number = network.server.head()

        ana.command(client.AskLacking(ROOM, number))
        network.run(seconds=1)

        assert ana.saw(client.LackingTold) == [client.LackingTold(ROOM, number, ("Citra",), 1)]
        assert ana.reached < number


def test_who_is_away_holds_no_receipt_up() -> None:
    with Simulator(1) as network:
        ana, _ = in_company(network)
        guest(network, "Citra")  # says nothing any more, so is away after 45 s
        network.run(seconds=50)

        ana.say("sudah?")
        network.run(seconds=2)

        assert ana.reached == network.server.head()


# --- chain ---


def test_a_returning_client_whose_copy_is_not_ours_is_told_so() -> None:
    with Simulator(1) as network:
        ana = network.raw_client()
        answer = enter(network, ana)
        assert isinstance(answer, EnterAnswer)
        post(ana, 1, "satu")
        network.run(seconds=0.5)
        head, chain = network.server.head(), network.server.log()[-1].chain
        good = HeldLog(ROOM, head, chain)

        changed = []
        for held in (good, replace(good, chain=b"another."), replace(good, have=head + 5)):
            again = enter(network, ana, token=answer.token, logs=(held,))
            assert isinstance(again, EnterAnswer)
            changed.append(again.changed)

        assert changed == [(), (ROOM,), (ROOM,)]


# --- the path ---


@pytest.mark.parametrize("author", [0, 1])
def test_when_the_path_carries_less_than_it_did_everything_still_arrives(author: int) -> None:
    with Simulator(1, record=True) as network:
        network.network.mtu = 65_507
        both = in_company(network)
        for place in range(20):
            both[author].say(f"{place} " + "x" * 60_000)
            network.run(seconds=1)
        largest = max(len(sent.datagram) for sent in network.recording)

        network.network.mtu = MAX_DATAGRAM
        both[author].say("y" * 60_000)
        took = network.run_until(network.is_at_rest)
        network.check()

        assert largest > 20_000
        assert took < 10

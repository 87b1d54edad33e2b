"""Who is here, in a whole room: coming, falling silent, leaving, being told of it; typing."""

from guests import guest, in_company, seen
from simulator import PASSWORD, Simulator

import client_events as client
import server_events as server
from conversation import PEOPLE, ROOM, Entry, EntryKind, Person, Presence
from protocol import CloseCode, Code, Verb
from protocol_frames import Close, EntryPart, Ping, Typing


def kinds(network: Simulator) -> list[tuple[EntryKind, str]]:
    """Kind and name of all that is in the room's log."""
    stored = [Entry.decode(one.body) for one in network.server.log()]
    return [(entry.kind, entry.name) for entry in stored]


# --- people ---


def test_changes_of_who_is_here_are_told_in_order_and_without_a_gap() -> None:
    with Simulator(1) as network:
        raw = guest(network, "Ana")

        others = network.clients(*(f"Murid {place}" for place in range(20)))
        network.everybody_enters()
        network.run(seconds=1)

        changes = [part for part in seen(raw, EntryPart) if part.conversation == PEOPLE]
        names = [Person.decode(part.body)[1].name for part in changes]
        first = changes[0].number
        assert sorted(names) == sorted(one.name for one in others)
        assert [part.number for part in changes] == list(range(first, first + 20))


def test_changes_of_one_person_within_a_quarter_second_are_told_as_one() -> None:
    with Simulator(1) as network:
        ana = guest(network, "Ana")
        budi = network.raw_client(port=1)

        budi.enter("Budi", PASSWORD)
        budi.ask(Verb.EXIT, {})
        network.run(seconds=1)

        changes = [part for part in seen(ana, EntryPart) if part.conversation == PEOPLE]
        told = [Person.decode(part.body)[1] for part in changes]
        assert [(person.name, person.presence) for person in told] == [("Budi", Presence.GONE)]


def test_who_asks_of_another_run_of_the_server_gets_everybody() -> None:
    with Simulator(1) as network:
        raw = guest(network, "Ana")

        other = raw.ask(Verb.PEOPLE, {"epoch": "00" * 8, "after": 0, "start": "00" * 8})
        assert other is not None
        fields = {"epoch": other.fields["epoch"], "start": "00" * 8}
        same = raw.ask(Verb.PEOPLE, {**fields, "after": other.fields["version"]})
        future = raw.ask(Verb.PEOPLE, {**fields, "after": 10_000})

        assert same is not None
        assert future is not None
        assert (other.code, same.code, future.code) == (Code.SNAPSHOT, Code.OK, Code.SNAPSHOT)
        assert same.fields["people"] == []


def test_silence_makes_somebody_away_and_a_word_brings_them_back() -> None:
    with Simulator(1) as network:
        (ana,) = network.clients("Ana")
        raw = guest(network, "Budi")

        def presence() -> Presence:
            return ana.people[raw.person].presence

        network.run(seconds=1)
        at_first = presence()
        network.run(seconds=50)
        in_silence = presence()
        raw.send_frames(Ping(1).encode())
        network.run(seconds=1)

        assert (at_first, in_silence, presence()) == (
            Presence.HERE,
            Presence.AWAY,
            Presence.HERE,
        )


# --- joined and left ---


def test_joined_and_left_are_written_once_each_however_somebody_goes() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        raw = guest(network, "Citra")

        network.server.command(server.Kick("Ana"))
        network.run(seconds=1)
        budi.leave()
        network.run(seconds=1)
        raw.session.queue(Close(CloseCode.EXIT).encode())
        raw.send_frames(Close(CloseCode.EXIT).encode())
        network.run(seconds=200)

        joined, left = EntryKind.JOINED, EntryKind.LEFT
        assert kinds(network) == [
            *[(joined, name) for name in ("Ana", "Budi", "Citra")],
            *[(left, name) for name in ("Ana", "Budi", "Citra")],
        ]
        assert ana.ended is not None


def test_who_falls_silent_for_two_minutes_has_left() -> None:
    with Simulator(1) as network:
        guest(network, "Ana")

        network.run(seconds=110)
        before = kinds(network)
        network.run(seconds=15)

        assert before == [(EntryKind.JOINED, "Ana")]
        assert kinds(network) == [(EntryKind.JOINED, "Ana"), (EntryKind.LEFT, "Ana")]


def test_who_comes_back_by_token_was_never_away_for_the_log() -> None:
    with Simulator(1) as network:
        ana, _ = in_company(network)

        network.cut(ana)
        network.run(seconds=60)
        network.mend(ana)
        network.run(seconds=20)
        network.check_healed()

        assert kinds(network) == [(EntryKind.JOINED, "Ana"), (EntryKind.JOINED, "Budi")]
        assert [event.has_returned for event in ana.saw(client.Entered)] == [False, True]


# --- exit and typing ---


def test_a_client_that_exits_is_gone_for_the_others_at_once() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)

        ana.leave()
        network.run(seconds=1)

        assert ana.ended == client.Ended(client.EndReason.LEFT)
        assert budi.names() == ["Budi"]


def test_who_exits_while_coming_back_is_gone_for_the_others_once_heard() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)
        network.cut(ana)
        network.run(seconds=45)  # it gave up its session and tries to get another

        ana.leave()
        network.run(seconds=0.2)
        network.mend(ana)
        network.run(seconds=3)

        assert ana.ended == client.Ended(client.EndReason.LEFT)
        assert budi.names() == ["Budi"]


def test_who_is_kicked_stays_out_and_who_met_a_server_that_stops_comes_back() -> None:
    with Simulator(1) as network:
        ana, budi = in_company(network)

        network.server.command(server.Kick("Ana"))
        network.run(seconds=1)
        network.server.stop()
        network.run(seconds=1)
        network.server.start()
        network.run(seconds=5)

        assert ana.ended is not None
        assert ana.ended.reason is client.EndReason.KICKED
        assert budi.ended is None
        assert budi.connection is client.Connection.HERE


def test_close_is_said_three_times() -> None:
    with Simulator(1) as network:
        raw = guest(network, "Ana")

        network.server.command(server.Kick("Ana"))
        network.run(seconds=2)

        assert seen(raw, Close) == [Close(CloseCode.KICKED)] * 3


def test_typing_is_told_to_the_others_and_rarely_however_often_it_is_said() -> None:
    with Simulator(1) as network:
        ana, budi = guest(network, "Ana"), guest(network, "Budi", port=1)

        for _ in range(50):
            ana.send_frames(Typing(ROOM).encode())
            network.run(seconds=0.1)

        assert seen(budi, Typing) == [Typing(ROOM, ana.person)] * 2
        assert seen(ana, Typing) == []


def test_a_client_says_that_somebody_types_once_in_three_seconds_and_never_again() -> None:
    with Simulator(1, record=True) as network:
        network.network.mtu = 65_507  # no probe is lost, so nothing goes twice
        ana, budi = in_company(network)
        network.cut(budi)
        place = len(network.recording)

        network.every(0.1, 70, lambda: ana.command(client.ShowTyping(ROOM)))
        network.run(seconds=8)
        network.mend(budi)
        network.run(seconds=10)

        sent = [one for one in network.recording[place:] if one.source == ana.address]
        assert len(sent) <= 3 + 4  # and no more than a ping and a pong in ten seconds
        assert budi.saw(client.PersonTyping) == []

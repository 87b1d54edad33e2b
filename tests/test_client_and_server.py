"""Accounts and conversations between the real cores, on a bad network and with a server that dies.

What each side promises alone is in its own tests; here they meet.
"""

import itertools
from collections.abc import Iterator

import pytest
from simulator import Client, Simulator

from client_events import (
    AddGroup,
    Answered,
    AskMembers,
    ChangeName,
    ConversationChanged,
    ConversationGone,
    ConversationsListed,
    EntryArrived,
    IdentityChanged,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    MarkRead,
    OpenPrivate,
    ReadMoved,
    Register,
    Request,
    Say,
    Search,
)
from conversation import ROOM, EntryKind
from protocol import Code

pytestmark = pytest.mark.uncounted

TICKETS = itertools.count(1_000)


@pytest.fixture(params=range(3))
def network(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """A bad one."""
    with Simulator(request.param, loss=0.3, duplication=0.2) as simulator:
        yield simulator


def answers(client: Client, ticket: int) -> list[Answered]:
    return [event for event in client.saw(Answered) if event.ticket == ticket]


def ask(network: Simulator, client: Client, request: Request) -> Answered:
    """Asks and waits for the answer, which must be the only one."""
    client.command(request)
    network.run_until(lambda: bool(answers(client, request.ticket)), within=120)
    (answered,) = answers(client, request.ticket)
    return answered


def gets(network: Simulator, client: Client, request: Request) -> int:
    """The number of the conversation that a request leads to."""
    answered = ask(network, client, request)
    assert answered.code is Code.OK
    assert isinstance(answered.result, int)
    return answered.result


def says(network: Simulator, client: Client, conversation: int, text: str) -> None:
    """Says something and waits until it is shown to its author."""
    client.command(Say(next(TICKETS), conversation, text))
    network.run_until(lambda: text in client.texts(conversation), within=120)


def becomes(network: Simulator, client: Client, name: str) -> None:
    """Registers an account of this name and logs in."""
    assert ask(network, client, Register(next(TICKETS), name, "kunci")).code is Code.OK
    assert ask(network, client, LogIn(next(TICKETS), name, "kunci")).code is Code.OK


def identity(client: Client) -> IdentityChanged:
    changed = client.saw(IdentityChanged)[-1]
    assert isinstance(changed, IdentityChanged)
    return changed


def is_caught_up(network: Simulator, conversation: int, *clients: Client) -> bool:
    log = [stored.body for stored in network.server.log(conversation)]
    return all(
        [entry.encode() for _, entry in client.log(conversation)] == log for client in clients
    )


# --- private conversations and groups ---


def test_two_people_talk_in_private_and_a_third_hears_nothing(network: Simulator) -> None:
    ana, budi, citra = network.clients("Ana", "Budi", "Citra")
    network.everybody_enters()

    place = gets(network, ana, OpenPrivate(1, "budi"))
    before = budi.saw(ConversationChanged)
    says(network, ana, place, "hai Budi")
    network.run_until(lambda: budi.texts(place) == ["hai Budi"])
    says(network, budi, place, "hai Ana")
    network.run_until(lambda: is_caught_up(network, place, ana, budi))

    assert place not in [told.conversation for told in before]
    told = [told for told in budi.saw(ConversationChanged) if told.conversation == place]
    assert [(one.name, one.read) for one in told] == [("Ana", 0)]
    news = [e for e in budi.saw(EntryArrived) if e.conversation == place]
    assert [e.is_history for e in news] == [False, False]
    assert citra.log(place) == []
    assert gets(network, budi, OpenPrivate(2, "Ana")) == place


def test_a_group_is_made_joined_talked_in_and_left(network: Simulator) -> None:
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()

    kimia = gets(network, ana, AddGroup(1, "Kimia"))
    assert ask(network, budi, AddGroup(2, "KIMIA")).code is Code.GROUP_EXISTS
    assert gets(network, budi, JoinGroup(3, "Kimia")) == kimia
    says(network, budi, kimia, "halo semua")
    network.run_until(lambda: is_caught_up(network, kimia, ana, budi))
    members = ask(network, ana, AskMembers(4, "Kimia"))
    found = ask(network, ana, Search(5, "semua"))
    assert ask(network, budi, LeaveGroup(6, "Kimia")).code is Code.OK
    says(network, ana, kimia, "tinggal aku")
    network.run(seconds=5)

    assert members.result == ("Ana", "Budi")
    assert isinstance(found.result, tuple)
    assert len(found.result) == 1
    assert ConversationGone(kimia) in budi.saw(ConversationGone)
    assert "tinggal aku" not in str(budi.events)
    kinds = [entry.kind for _, entry in ana.log(kimia)]
    assert kinds == [
        EntryKind.JOINED,
        EntryKind.JOINED,
        EntryKind.TEXT,
        EntryKind.LEFT,
        EntryKind.TEXT,
    ]


# --- accounts ---


def test_who_was_away_finds_in_the_inbox_what_was_said(network: Simulator) -> None:
    ana, budi = network.clients("Ana", "Tamu")
    network.everybody_enters()
    becomes(network, budi, "Budi")
    assert ask(network, budi, LogOut(1)).code is Code.OK
    assert identity(budi).person == 0

    place = gets(network, ana, OpenPrivate(2, "Budi"))
    says(network, ana, place, "sampai nanti")
    assert budi.log(place) == []
    assert ask(network, budi, LogIn(3, "Budi", "kunci")).code is Code.OK
    network.run_until(lambda: budi.texts(place) == ["sampai nanti"])

    told = [told for told in budi.saw(ConversationChanged) if told.conversation == place]
    assert [(one.name, one.head, one.read) for one in told] == [("Ana", 1, 0)]


def test_two_devices_of_an_account_read_and_write_as_one() -> None:
    with Simulator(1) as network:
        budi, phone, ana = network.clients("Budi Satu", "Budi Dua", "Ana")
        network.everybody_enters()
        becomes(network, budi, "Budi")
        assert ask(network, phone, LogIn(1, "Budi", "kunci")).code is Code.OK
        assert identity(phone).person == identity(budi).person

        kimia = gets(network, budi, AddGroup(2, "Kimia"))
        gets(network, ana, JoinGroup(3, "Kimia"))
        says(network, ana, kimia, "PR-nya apa?")
        network.run_until(lambda: is_caught_up(network, kimia, budi, phone, ana))
        budi.command(MarkRead(kimia, 3))
        network.run_until(lambda: ReadMoved(kimia, 3) in phone.saw(ReadMoved))
        says(network, phone, kimia, "halaman 12")
        network.run_until(lambda: is_caught_up(network, kimia, budi, phone, ana))

        own = [entry.name for _, entry in budi.log(kimia) if entry.text == "halaman 12"]
        assert own == ["Budi"]
        assert budi.saw(ReadMoved) == []


def test_what_was_read_elsewhere_meanwhile_is_told_in_the_next_session() -> None:
    with Simulator(2) as network:
        budi, phone = network.clients("Budi Satu", "Budi Dua")
        network.everybody_enters()
        becomes(network, budi, "Budi")
        assert ask(network, phone, LogIn(1, "Budi", "kunci")).code is Code.OK
        kimia = gets(network, budi, AddGroup(2, "Kimia"))
        network.run_until(lambda: is_caught_up(network, kimia, budi, phone))

        network.cut(phone)
        budi.command(MarkRead(kimia, 1))
        network.run(seconds=1)
        network.server.kill()
        network.server.start()
        network.mend(phone)

        network.run_until(lambda: ReadMoved(kimia, 1) in phone.saw(ReadMoved))


def test_what_is_said_before_and_after_a_change_of_name_is_the_same_everywhere(
    network: Simulator,
) -> None:
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()

    ana.say(*(f"satu {number}" for number in range(10)))
    ana.command(ChangeName(1, "Eka"))
    ana.say(*(f"dua {number}" for number in range(10)))
    ana.command(Register(2, "Fitri", "kunci"))
    ana.command(LogIn(3, "Fitri", "kunci"))
    ana.say(*(f"tiga {number}" for number in range(10)))
    network.run_until(lambda: len(ana.acknowledged) == 30, within=300)
    network.run_until(lambda: is_caught_up(network, ROOM, ana, budi))

    names = {entry.text.split()[0]: entry.name for _, entry in budi.log() if entry.text}
    assert {names["satu"], names["dua"], names["tiga"]} == {"Ana", "Eka", "Fitri"}
    assert [answers(ana, ticket)[0].code for ticket in (1, 2, 3)] == [Code.OK] * 3


# --- a server that dies ---


@pytest.mark.parametrize("steps", [3, 10, 20, 40, 80])
def test_whatever_is_asked_while_the_server_dies_is_answered_once_and_done_once(
    steps: int,
) -> None:
    with Simulator(steps, loss=0.3, duplication=0.2) as network:
        ana, _ = network.clients("Ana", "Budi")
        network.everybody_enters()
        requests: list[Request] = [
            Register(1, "Fitri", "kunci"),
            LogIn(2, "Fitri", "kunci"),
            AddGroup(3, "Kimia"),
            OpenPrivate(4, "Budi"),
            LeaveGroup(5, "Kimia"),
            AddGroup(6, "Fisika"),
        ]

        network.server.kill_after(steps)
        for request in requests:
            ana.command(request)
        network.run(seconds=10)
        if not network.server.is_running:
            network.server.start()
        network.run_until(lambda: bool(answers(ana, 6)), within=300)
        network.run(seconds=20)

        codes = [event.code for event in ana.saw(Answered)]
        assert codes == [Code.OK] * len(requests)
        fisika = answers(ana, 6)[0].result
        assert isinstance(fisika, int)
        assert len(network.server.log(fisika)) == 1
        assert is_caught_up(network, fisika, ana)
        assert identity(ana).name == "Fitri"


def test_all_conversations_are_there_again_after_a_restart(network: Simulator) -> None:
    ana, budi = network.clients("Ana", "Budi")
    network.everybody_enters()
    places = [gets(network, ana, AddGroup(number, f"Grup {number}")) for number in range(15)]
    private = gets(network, ana, OpenPrivate(90, "Budi"))
    says(network, ana, private, "satu")
    network.run_until(lambda: budi.texts(private) == ["satu"])
    listed = len(ana.saw(ConversationsListed))

    network.server.kill()
    ana.command(Say(next(TICKETS), private, "dua"))
    ana.command(Say(next(TICKETS), places[7], "tiga"))
    network.server.start()
    network.run_until(lambda: budi.texts(private) == ["satu", "dua"], within=120)
    network.run_until(lambda: ana.texts(places[7]) == ["tiga"], within=120)

    network.run_until(lambda: len(ana.saw(ConversationsListed)) > listed, within=120)
    assert ana.saw(ConversationGone) == []
    assert is_caught_up(network, private, ana, budi)


def test_a_client_that_is_killed_comes_back_as_the_account_with_what_it_had_said(
    network: Simulator,
) -> None:
    (budi,) = network.clients("Budi")
    network.everybody_enters()
    becomes(network, budi, "Fitri")
    kimia = gets(network, budi, AddGroup(1, "Kimia"))
    says(network, budi, kimia, "satu")

    network.cut(budi)
    budi.command(Say(next(TICKETS), kimia, "dua"))
    network.run(seconds=1)
    budi.kill()
    network.mend(budi)
    budi.join()
    network.run_until(lambda: budi.texts(kimia) == ["satu", "dua"], within=120)

    changed = identity(budi)
    assert (changed.name, changed.is_account) == ("Fitri", True)
    assert is_caught_up(network, kimia, budi)

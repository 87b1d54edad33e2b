"""I1 to I6: what holds of a whole room after every run, as far as it can be seen from outside.

Each conversation's log is compared with what was said, acknowledged and shown; and nobody who was
not a member may ever have been shown an entry. The server must be running.
"""

from collections import Counter
from typing import NamedTuple

from simulated_clients import Client
from simulated_programs import Server

from auth import fold_name
from client_events import AddGroup, JoinGroup, LeaveGroup, OpenPrivate, Register
from conversation import NO_TAG, ROOM, ConversationKind, Entry, EntryKind
from protocol import Code
from records import ConversationRecord, Stored


class Log(NamedTuple):
    """A conversation as it is on disk. ``record`` is None for the room."""

    record: ConversationRecord | None
    stored: list[Stored]
    entries: list[Entry]

    def may_hold(self, person: int, members: list[int]) -> int:
        """Up to which number somebody may ever have been shown it."""
        if person in members:
            return len(self.entries)
        gone = [
            number
            for number, entry in enumerate(self.entries, start=1)
            if entry.kind is EntryKind.LEFT and entry.person == person
        ]
        return gone[-1] if gone else 0

    def has(self, kind: EntryKind, person: int) -> bool:
        return any(entry.kind is kind and entry.person == person for entry in self.entries)


class Promises:
    """Of one server to all its clients. Keeps what must not go back between two looks."""

    def __init__(self) -> None:
        self._markers: dict[tuple[int, int], int] = {}  # by person and conversation

    def check(self, server: Server, clients: list[Client]) -> None:
        """AssertionError names the promise that was broken."""
        logs = {ROOM: read(server, None)}
        logs |= {one.conversation: read(server, one) for one in server.conversations()}
        self._check_texts(logs, clients)
        for conversation, log in logs.items():
            members = server.store.members(conversation)
            _check_log(log)
            if log.record is not None:
                _check_members(log, log.record, members)
                check_readers(conversation, log, members, clients)
        for one in clients:
            _check_author(one, logs)
            _check_answers(one, server, logs)
            self._check_markers(one, server)
            if one.is_running:
                assert one.log() or one.entered is None, f"I4: {one.name} has nothing"
                for conversation in one.history:
                    check_copy(one, conversation, logs[conversation].stored)

    def _check_texts(self, logs: dict[int, Log], clients: list[Client]) -> None:
        places = {text: one.places.get(text, ROOM) for one in clients for text in one.said}
        seen: set[str] = set()
        for conversation, log in logs.items():
            texts = [entry.text for entry in log.entries if entry.kind is EntryKind.TEXT]
            made_up = [text for text in texts if places.get(text) != conversation]
            assert not made_up, f"I5: {conversation} has what nobody said there: {made_up[:3]}"
            assert len(texts) == len(set(texts)), "I2: a text stands twice"
            assert not seen & set(texts), "I2: a text stands in two conversations"
            seen.update(texts)

    def _check_markers(self, one: Client, server: Server) -> None:
        for person in one.people_been:
            for conversation, number in server.store.read_markers(person).items():
                place = person, conversation
                before = self._markers.get(place, 0)
                assert number >= before, f"a read marker of {one.name} fell"
                assert number <= server.head(conversation), "read what is not there"
                self._markers[place] = number
        kept = [place for place in self._markers if place[0] in one.people_been]
        for person, conversation in kept:
            assert conversation in server.store.read_markers(person), "a read marker is lost"


def read(server: Server, record: ConversationRecord | None) -> Log:
    """A log from disk."""
    stored = server.log(ROOM if record is None else record.conversation)
    return Log(record, stored, [Entry.decode(one.body) for one in stored])


def check_complete(server: Server, clients: list[Client]) -> None:
    """Of a room at rest: whoever is here knows of all their conversations, and what each is."""
    records = {record.conversation: record for record in server.conversations()}
    for one in clients:
        person = one.identity.person
        if not (one.is_running and person):
            continue
        mine = set(server.store.conversations_of(person))
        told = set(one.conversations) - {ROOM}
        assert told <= mine, f"{one.name} knows of {told - mine}"
        lacking = {number for number in mine - told if server.head(number)}
        assert not lacking, f"{one.name} does not know of {lacking}"
        for number in told:
            _check_told(one, records[number])
        for conversation in one.history:
            first = one.log(conversation)[0][0]
            assert first == 1 or len(one.log(conversation)) >= 200, f"{one.name} lacks history"


def _check_told(one: Client, record: ConversationRecord) -> None:
    told, person = one.conversations[record.conversation], one.identity.person
    assert told.kind is record.kind
    if record.pair is None:
        assert told.name == record.name
    else:
        assert {told.person, person} == set(record.pair), f"{one.name} is told of a wrong partner"


def _check_log(log: Log) -> None:
    assert [one.number for one in log.stored] == list(range(1, len(log.stored) + 1))
    tags = Counter(entry.tag for entry in log.entries if entry.tag != NO_TAG)
    assert not [tag for tag, count in tags.items() if count > 1], "I2: a draft stands twice"
    times = [entry.sent_at for entry in log.entries]
    assert times == sorted(times), "the log's time fell"


def _check_members(log: Log, record: ConversationRecord, members: list[int]) -> None:
    """Only who is in writes; nobody joins who is in, nor leaves who is not."""
    if record.pair is not None:
        assert set(members) == set(record.pair)
        assert {entry.kind for entry in log.entries} <= {EntryKind.TEXT, EntryKind.FILE}
    inside = set(record.pair or ())
    for entry in log.entries:
        if entry.kind is EntryKind.JOINED:
            assert entry.person not in inside, "somebody joined twice"
            inside.add(entry.person)
        else:
            assert entry.person in inside, "I5: somebody who is no member wrote"
        if entry.kind is EntryKind.LEFT:
            inside.remove(entry.person)
    assert inside == set(members), "the members are not those who joined"


def check_readers(conversation: int, log: Log, members: list[int], clients: list[Client]) -> None:
    """I5: nobody was shown more of a conversation than they may know of."""
    for one in clients:
        for (people, shown_of), number in one.shown.items():
            if shown_of == conversation:
                most = max(log.may_hold(person, members) for person in people)
                assert number <= most, (
                    f"I5: {one.name} was shown {number} of {conversation}, and may know {most}"
                )


def _check_author(author: Client, logs: dict[int, Log]) -> None:
    said = set(author.said)
    taken: dict[str, int] = {}  # by whom
    order = {text: place for place, text in enumerate(author.said)}
    for log in logs.values():
        own = [
            entry for entry in log.entries if entry.kind is EntryKind.TEXT and entry.text in said
        ]
        places = [order[entry.text] for entry in own]
        assert places == sorted(places), f"I3: what {author.name} said is out of order"
        taken |= {entry.text: entry.person for entry in own}
    lost = set(author.acknowledged) - set(taken)
    assert not lost, f"I1: acknowledged to {author.name} and lost: {lost}"
    assert len(author.acknowledged) == len(set(author.acknowledged)), "I2: acknowledged twice"
    strange = set(taken.values()) - author.people_been
    assert not strange, f"I5: what {author.name} said stands under {strange}"
    # Another person, which the device has become since, cannot know what was taken before.
    refused = {
        (event.text, person)
        for event, person in zip(author.refused, author.refused_to, strict=True)
    } & set(taken.items())
    assert not refused, f"refused to {author.name} and taken: {refused}"


def _check_answers(one: Client, server: Server, logs: dict[int, Log]) -> None:
    """I1 of all else: what was answered is on disk."""
    for asked, answered, person, left in one.outcomes:
        if answered.code is not Code.OK:
            continue
        match asked:
            case AddGroup() | JoinGroup():
                assert isinstance(answered.result, int)
                log = logs[answered.result]
                assert log.record is not None
                assert log.record.kind is ConversationKind.GROUP
                assert log.has(EntryKind.JOINED, person), f"I1: {one.name} never joined"
            case LeaveGroup() if left:
                assert logs[left].has(EntryKind.LEFT, person), f"I1: {one.name} never left"
            case OpenPrivate():
                assert isinstance(answered.result, int)
                record = logs[answered.result].record
                assert record is not None
                assert record.pair is not None
                assert person in record.pair, f"I5: {one.name} was let into a strange conversation"
            case Register(name=name):
                known = server.store.account_named(fold_name(name))
                assert known is not None, f"I1: {name} was registered and is not known"
            case _:
                pass


def check_copy(one: Client, conversation: int, stored: list[Stored]) -> None:
    """I4: what somebody is shown is the log."""
    copy = one.log(conversation)
    first = copy[0][0] if copy else 1
    numbers = [number for number, _ in copy]
    assert numbers == list(range(first, first + len(copy))), f"I4: {one.name} has a hole"
    bodies = [entry.encode() for _, entry in copy]
    kept = [item.body for item in stored[first - 1 : first - 1 + len(copy)]]
    assert bodies == kept, f"I4: the copy of {one.name} differs"

"""The client's copy of who is here: pages, changes, and asking for what was missed.

Band: cores. Knows no session; requests go out through whoever owns it.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from client_events import (
    AskLacking,
    Event,
    LackingTold,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
)
from conversation import MAX_NAME_BYTES, Person, Presence
from protocol import Code, JsonValue, PeerError, Verb
from protocol_frames import EntryPart
from protocol_requests import Answer, Fields, hex_field, list_field, number_field, text_field

MAX_PEOPLE = 16_384  # a server lets in 6,000: one that invents people must not fill our memory


class PeopleCopy:
    """A table of one epoch; versions are dense, so a gap shows that a change was missed."""

    def __init__(self) -> None:
        self._epoch = 0
        self._version = 0
        self._people: dict[int, Person] = {}
        self._pages: dict[int, Person] | None = None  # a snapshot on its way
        self._pages_epoch = 0
        self._pages_version = 0
        self._start = 0  # the id where the next page begins

    def all(self) -> tuple[Person, ...]:
        """Everybody, in no particular order."""
        return tuple(self._people.values())

    def is_known(self, person: int) -> bool:
        """Whether somebody is in the table."""
        return person in self._people

    def question(self) -> Fields:
        """What PEOPLE must ask next."""
        return {
            "epoch": f"{self._epoch:016x}",
            "after": self._version,
            "start": f"{self._start:016x}",
        }

    def receive_change(self, version: int, body: bytes) -> Person | None:
        """A pushed change; None if it is old or not the next one. Raises PeerError."""
        epoch, person = Person.decode(body)
        if epoch != self._epoch or version != self._version + 1 or self._pages is not None:
            return None
        self._version = version
        self._set(person)
        return person

    def is_missing(self, version: int) -> bool:
        """Whether something before this version has not come, so that PEOPLE must be asked."""
        return version > self._version

    def receive_answer(self, code: Code, fields: Fields) -> bool:
        """Takes changes or a page; whether everything is here now. Raises PeerError."""
        epoch = int.from_bytes(hex_field(fields, "epoch", 8), "big")
        version = number_field(fields, "version")
        people = [_person(row) for row in list_field(fields, "people")]
        if code is Code.OK:
            if epoch != self._epoch:
                raise PeerError("changes of another epoch")
            for person in people:
                self._set(person)
            self._version = version
            return True
        if self._pages is None or not self._start:
            self._pages, self._pages_epoch, self._pages_version = {}, epoch, version
        elif epoch != self._pages_epoch:  # the server has restarted: the first pages mean nothing
            self._pages, self._start = None, 0
            return False
        self._pages.update({person.person: person for person in people})
        if len(self._pages) > MAX_PEOPLE:
            self._pages, self._start = None, 0
            raise PeerError("too many people")
        if "next" in fields:
            self._start = int.from_bytes(hex_field(fields, "next", 8), "big")
            return False
        one_page = self._pages_version == version
        self._people, self._pages, self._start = self._pages, None, 0
        self._epoch, self._version = epoch, self._pages_version
        return one_page  # else: what changed while the pages came must still be asked

    def _set(self, person: Person) -> None:
        if person.presence is Presence.GONE:
            self._people.pop(person.person, None)
        elif person.person in self._people or len(self._people) < MAX_PEOPLE:
            self._people[person.person] = person
        else:
            raise PeerError("too many people")


class Company:
    """Who is here, as it is told. ``ask`` numbers a request, ``report`` gets the events."""

    def __init__(
        self,
        ask: Callable[[Verb, Fields, float], int],
        can_ask: Callable[[], bool],
        report: Callable[[Event], None],
    ) -> None:
        self._ask = ask
        self._can_ask = can_ask
        self._report = report
        self._copy = PeopleCopy()
        self._is_asked = False
        self._lacking: dict[int, AskLacking] = {}  # by request

    def names(self) -> dict[int, str]:
        """By person."""
        return {person.person: person.name for person in self._copy.all()}

    def interrupt(self) -> None:
        """A new session: what was asked in the old one is not answered any more."""
        self._is_asked = False
        self._lacking.clear()

    def ask(self, now: float) -> None:
        """For what is new, unless that is on its way."""
        if not self._is_asked:
            self._is_asked = True
            self._ask(Verb.PEOPLE, self._copy.question(), now)

    def learn_version(self, version: int, now: float) -> None:
        """How many changes there were: the last may have been lost, with none after to show it."""
        if self._copy.is_missing(version):
            self.ask(now)

    def receive_answer(self, answer: Answer, now: float) -> bool:
        """To PEOPLE; whether the whole list was told. Raises PeerError."""
        self._is_asked = False
        if answer.code not in (Code.OK, Code.SNAPSHOT):
            return False
        if self._copy.receive_answer(answer.code, answer.fields):
            self._report(PeopleReplaced(self._copy.all()))
            return True
        self.ask(now)
        return False

    def receive_change(self, part: EntryPart, now: float) -> Person | None:
        """The person whose change was told. Raises PeerError."""
        person = self._copy.receive_change(part.number, part.body)
        if person is not None:
            self._report(PersonChanged(person))
        else:
            self.learn_version(part.number, now)
        return person

    def show_typing(self, conversation: int, person: int) -> None:
        """Somebody writes, if it is somebody."""
        if self._copy.is_known(person):
            self._report(PersonTyping(conversation, person))

    def ask_lacking(self, command: AskLacking, now: float) -> None:
        """Who has not got an entry yet?"""
        if self._can_ask():
            fields: Fields = {"conversation": command.conversation, "number": command.number}
            self._lacking[self._ask(Verb.LACKING, fields, now)] = command

    def receive_lacking(self, answer: Answer) -> None:
        """Raises PeerError."""
        asked = self._lacking.pop(answer.request)
        if answer.code is Code.OK:
            names = [name for name in list_field(answer.fields, "names") if isinstance(name, str)]
            count = number_field(answer.fields, "count")
            self._report(LackingTold(asked.conversation, asked.number, tuple(names), count))


def _person(row: JsonValue) -> Person:
    match row:
        case [person, name, presence, bool(is_account), round_trip]:
            fields: Fields = {"person": person, "name": name, "presence": presence}
            kind, called = number_field(fields, "presence"), text_field(fields, "name")
            if len(called.encode()) > MAX_NAME_BYTES:
                raise PeerError("a name that is too long")
            if kind not in Presence.__members__.values():
                raise PeerError("unknown presence")
            return Person(
                int.from_bytes(hex_field(fields, "person", 8), "big"),
                called,
                Presence(kind),
                is_account,
                number_field({"round_trip": round_trip}, "round_trip"),
            )
        case _:
            raise PeerError("bad row of a person")

"""The client's program of a simulation: a real core, and its user, who does what a test says.

It stands for client.py without threads, sockets and windows. What a device was ever shown, and as
whom, is kept over all its lives: promises.py looks at it.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from simulated_network import Address
from simulated_nodes import Program
from simulated_programs import SERVER_ADDRESS, World

import client_events as client
from client_core import ClientCore
from client_disk import ClientDisk
from client_file_events import FetchFile, FileEnded, SendFile
from conversation import ROOM, ConversationKind, Entry, EntryKind, FileNote, Person, Presence
from protocol import Code
from settings_client import Run

NOBODY = client.IdentityChanged(0, "", is_account=False)


class Showing(NamedTuple):
    """Of something in a conversation, when we were one of these people."""

    people: frozenset[int]
    conversation: int


class Outcome(NamedTuple):
    """How something that was asked of the server ended."""

    asked: client.Request
    answered: client.Answered
    person: int  # who we were then
    left: int  # conversation of a group, of LeaveGroup


class _Asked(NamedTuple):
    request: client.Request
    then: Callable[[client.Answered], None] | None
    left: int


class Client(Program):
    """The client's program: a core, what it told us, and what was said through it.

    ``run`` is what it has on disk, so that it can be killed and go on. ``keeps_trying``: its user,
    told that nobody answers or that the name is taken, tries the same again after some seconds.
    """

    keeps_trying = False

    def __init__(
        self, world: World, name: str, address: Address, server: Address = SERVER_ADDRESS
    ) -> None:
        super().__init__(name, address, world.network)
        self.server = server
        # of all lives
        self.lives = 0
        self.computer = world.folder(name)
        self.files: dict[int, FileEnded] = {}  # how those ended, by ticket
        self.run: Run | None = None
        self.pinned_key: bytes | None = None
        self.password = world.settings.password
        self.events: list[client.Event] = []
        self.said: list[str] = []  # in order
        self.places: dict[str, int] = {}  # the conversation each text was said in
        self.acknowledged: list[str] = []  # by EntryArrived with a ticket
        self.refused: list[client.DraftRefused] = []
        self.refused_to: list[int] = []  # who we were then
        self.people_been: set[int] = set()  # whom the device ever was
        self.shown: dict[Showing, int] = {}  # the highest number
        self.outcomes: list[Outcome] = []
        # of this life
        self.entered: client.Entered | None = None
        self.connection = client.Connection.CONNECTING
        self.ended: client.Ended | None = None
        self.identity = NOBODY
        self.is_nobody = False  # logged out
        self.is_listed = False  # all our conversations were told
        self.conversations: dict[int, client.ConversationChanged] = {}
        self.read: dict[int, int] = {}
        self.history: dict[int, list[tuple[int, Entry]]] = {}
        self.people: dict[int, Person] = {}
        self.reached = 0  # of the room
        self.latencies: list[float] = []  # from say to acknowledged
        self._world = world
        self._disk: ClientDisk | None = None
        self._waiting: list[str] = []  # typed before we were in the room
        self._tickets = itertools.count(1)
        self._said_by_ticket: dict[int, tuple[str, float]] = {}
        self._forwarded: set[int] = set()  # tickets of what is on its way to another realm
        self._asked: dict[int, _Asked] = {}
        self._unsure: list[tuple[int, int, int]] = []  # person, conversation and number

    # --- what a user does ---

    def join(self) -> None:
        """Starts the program, with whatever it has on disk."""
        self.lives += 1
        self.entered, self.ended = None, None
        self.identity, self.is_nobody, self.is_listed = NOBODY, False, False
        self.conversations, self.read = {}, {}
        self.history, self.people, self.reached = {}, {}, 0
        self._said_by_ticket, self._asked, self._unsure = {}, {}, []
        self._forwarded = set()
        random_bytes = self._world.random_bytes(f"{self.name} {self.lives}")
        self.close()
        # The disk knows the true hour, not ours: nothing on it is old.
        self._disk = ClientDisk(self.computer / "Downloads", lambda: 0, boot="1")
        limits = self._world.settings.limits
        self.begin(ClientCore(random_bytes=random_bytes, disk=self._disk, limits=limits))
        self.command(client.Join(self.server, self.password, self.name, self.pinned_key, self.run))

    def say(self, *texts: str) -> None:
        """Into the room, as fast as the program takes them. Each text is said once in a
        simulation."""
        if self.entered is not None:
            self.say_in(ROOM, *texts)
            return
        self._note(ROOM, texts)
        self._waiting += texts

    def say_in(self, conversation: int, *texts: str) -> None:
        """Into a conversation that is known."""
        self._note(conversation, texts)
        for text in texts:
            self._say(conversation, text)

    def say_slowly(self, interval: float, *texts: str) -> None:
        """One text at a time."""
        for place, text in enumerate(texts):
            self.network.after(place * interval, self.say, text)

    def write(self, name: str, *texts: str) -> None:
        """To one person alone, if there is somebody of that name."""

        def say(answered: client.Answered) -> None:
            if answered.code is Code.OK:
                self.say_in(_number(answered), *texts)

        self.ask(client.OpenPrivate(self.ticket(), name), say)

    def write_group(self, name: str, *texts: str) -> None:
        """To a group, if we know that we are in it."""
        conversation = self.group(name)
        if conversation and self.is_running:
            self.say_in(conversation, *texts)

    def log_in(self, name: str, password: str) -> None:
        """With an account."""
        self.ask(client.LogIn(self.ticket(), name, password))

    def send_file(self, conversation: int, name: str, data: bytes) -> int:
        """One that is put on the computer first, unless it is there. The ticket."""
        path, ticket = self.computer / name, self.ticket()
        if not path.exists():
            path.write_bytes(data)
        self.command(SendFile(ticket, conversation, path))
        return ticket

    def fetch_file(self, note: FileNote) -> int:
        """Into the downloads. The ticket."""
        ticket = self.ticket()
        self.command(FetchFile(ticket, note))
        return ticket

    def ask(
        self,
        request: client.Request,
        then: Callable[[client.Answered], None] | None = None,
    ) -> None:
        """Anything that is answered; its ticket is a new one of ours."""
        if self.is_running:
            left = self.group(request.name) if isinstance(request, client.LeaveGroup) else 0
            self._asked[request.ticket] = _Asked(request, then, left)
            self.command(request)

    def ticket(self) -> int:
        """For one request."""
        return next(self._tickets)

    def see(self, conversation: int = ROOM) -> None:
        """Looks at all that is shown of a conversation."""
        log = self.log(conversation)
        if log:
            number = log[-1][0]
            self.read[conversation] = max(number, self.read.get(conversation, 0))
            self.command(client.MarkRead(conversation, number))

    def load_older(self, count: int = 100, conversation: int = ROOM) -> None:
        """Scrolls up."""
        self.command(client.LoadOlder(conversation, count))

    def leave(self) -> None:
        """Types exit."""
        self.command(client.Leave())

    def roam(self) -> None:
        """The computer gets another address, or the router another port for it."""
        host, port = self.address
        self.network.move(self, (host, port + 1))

    # --- what a user sees ---

    def log(self, conversation: int = ROOM) -> list[tuple[int, Entry]]:
        """Number and entry of all that is shown, in order."""
        return self.history.get(conversation, [])

    def texts(self, conversation: int = ROOM) -> list[str]:
        """The texts that are shown, in order."""
        entries = (entry for _, entry in self.log(conversation))
        return [entry.text for entry in entries if entry.kind is EntryKind.TEXT]

    def notes(self, conversation: int = ROOM) -> list[FileNote]:
        """The files that are shown, in order."""
        entries = (entry for _, entry in self.log(conversation))
        return [FileNote.decode(entry.text) for entry in entries if entry.kind is EntryKind.FILE]

    def names(self) -> list[str]:
        """Who is here, in alphabetical order."""
        return sorted(p.name for p in self.people.values() if p.presence is not Presence.GONE)

    def group(self, name: str) -> int:
        """The conversation of a group we are in; 0 if it is not known."""
        return self._known(ConversationKind.GROUP, name)

    def private(self, name: str) -> int:
        """The conversation with one person; 0 if none is known."""
        return self._known(ConversationKind.PRIVATE, name)

    def _known(self, kind: ConversationKind, name: str) -> int:
        for told in self.conversations.values():
            if (told.kind, told.name) == (kind, name):
                return told.conversation
        return 0

    def unread(self, conversation: int) -> list[str]:
        """The texts nobody has seen on any device of ours, in order."""
        read = self.read.get(conversation, 0)
        return [
            entry.text
            for number, entry in self.log(conversation)
            if number > read and entry.kind is EntryKind.TEXT
        ]

    def saw(self, kind: type[Any]) -> list[Any]:
        """All events of one kind, in order."""
        return [event for event in self.events if isinstance(event, kind)]

    def codes(self, kind: type[Any]) -> list[Code]:
        """How all requests of one kind ended, in order."""
        return [one.answered.code for one in self.outcomes if isinstance(one.asked, kind)]

    @property
    def is_settled(self) -> bool:
        """Whether nothing said or asked here waits any more, be it from an earlier life."""
        resumed = self.run is not None and self.run.waiting
        return not (self._waiting or self._said_by_ticket or self._asked or resumed)

    # --- what the program does ---

    def on_event(self, event: object) -> None:
        self.events.append(cast(client.Event, event))
        match event:
            case client.EntryArrived():
                self._take_entry(event)
            case client.RunChanged(run):
                self.run = run
            case client.Entered():
                self._enter(event)
            case client.Answered():
                self._take_answer(event)
            case client.KeySeen(key):
                self.pinned_key = self.pinned_key or key
            case client.DraftMade() | client.DraftTaken() | client.DraftRefused():
                self._take_draft(event)
            case client.DraftForwarded(ticket):
                self._forwarded.add(ticket)
            case client.Ended() | client.NameRefused():
                self._take_refusal(event)
            case FileEnded(ticket):
                self.files[ticket] = event
            case _:
                self._take_view(event)
                self._take_conversation(event)

    def _take_draft(
        self, event: client.DraftMade | client.DraftTaken | client.DraftRefused
    ) -> None:
        match event:
            case client.DraftMade(ticket, _, _, text):
                self._said_by_ticket.setdefault(ticket, (text, self.network.now))
            case client.DraftTaken(ticket):
                if ticket in self._said_by_ticket:  # else it is a file
                    self.acknowledged.append(self._said_by_ticket.pop(ticket)[0])
            case client.DraftRefused(ticket) if event.kind is EntryKind.TEXT:
                self.refused.append(event)
                self.refused_to.append(self.identity.person)
                if ticket is not None:
                    self._said_by_ticket.pop(ticket, None)
            case _:
                pass  # a file of an earlier life

    def _take_view(self, event: object) -> None:
        match event:
            case client.ConnectionChanged(connection):
                self.connection = connection
            case client.IdentityChanged():
                self._become(event)
            case client.PeopleReplaced(people):
                self.people = {person.person: person for person in people}
            case client.PersonChanged(person):
                self.people[person.person] = person
            case client.ReachedChanged(conversation, number) if conversation == ROOM:
                assert number > self.reached, "a receipt went back"
                self.reached = number
            case _:
                pass  # kept in ``events`` alone

    def _take_conversation(self, event: object) -> None:
        match event:
            case client.ConversationChanged(conversation, read=read):
                assert read >= self.read.get(conversation, 0), "a read marker went back"
                self.conversations[conversation] = event
                self.read[conversation] = read
            case client.ConversationsListed():
                self.is_listed = True
            case client.ConversationGone(conversation):
                for known in (self.history, self.conversations, self.read):
                    known.pop(conversation, None)
                self._forget_forwarded(conversation)
                if conversation == ROOM:
                    self.reached = 0
            case client.ReadMoved(conversation, number):
                assert number > self.read.get(conversation, 0), "a read marker went back"
                self.read[conversation] = number
            case client.LogReplaced(conversation):
                self.history[conversation], self.reached = [], 0
            case client.OlderArrived(conversation, entries):
                self.history[conversation] = [*entries, *self.log(conversation)]
            case _:
                pass  # kept in ``events`` alone

    def _forget_forwarded(self, conversation: int) -> None:
        """Whoever has left a group is not shown what they said to it, when its home has it."""
        for ticket in self._forwarded & self._said_by_ticket.keys():
            if self.places[self._said_by_ticket[ticket][0]] == conversation:
                del self._said_by_ticket[ticket]

    def _become(self, event: client.IdentityChanged) -> None:
        if event.person != self.identity.person:
            self.read.pop(ROOM, None)  # everybody has markers of their own
        self.identity = event
        if event.person:
            self.people_been.add(event.person)
            self.is_nobody = False
        else:
            self.is_nobody, self.entered = True, None

    def _take_entry(self, event: client.EntryArrived) -> None:
        log = self.history.setdefault(event.conversation, [])
        assert not log or event.number == log[-1][0] + 1, (
            f"{self.name} was shown {event.number} after {log[-1][0]}"
        )
        assert event.conversation == ROOM or event.conversation in self.conversations, (
            f"{self.name} was shown something of a conversation before the conversation"
        )
        log.append((event.number, event.entry))
        self._show(event.conversation, event.number)
        if event.ticket is not None:
            if event.entry.kind is EntryKind.FILE:
                return
            if event.ticket in self._forwarded and event.ticket not in self._said_by_ticket:
                return  # we had left, and are back
            text, said_at = self._said_by_ticket.pop(event.ticket)
            if event.entry.kind is EntryKind.NOTICE:  # another realm refused it
                return
            assert text == event.entry.text, "another text was acknowledged than was said"
            self.acknowledged.append(text)
            self.latencies.append(self.network.now - said_at)

    def _take_answer(self, event: client.Answered) -> None:
        for found in event.result if isinstance(event.result, tuple) else ():
            if isinstance(found, client.Found):
                self._show(found.conversation, found.number)
        asked = self._asked.pop(event.ticket, None)  # None: a test commanded it by itself
        if asked is not None:
            self.outcomes.append(Outcome(asked.request, event, self.identity.person, asked.left))
            if asked.then is not None:
                asked.then(event)

    def _show(self, conversation: int, number: int) -> None:
        """While a LogIn is under way, we may be somebody else already, and only not know it yet."""
        person = self.identity.person
        self._unsure.append((person, conversation, number))
        if not any(isinstance(asked.request, client.LogIn) for asked in self._asked.values()):
            for before, place, shown in self._unsure:
                showing = Showing(frozenset({before, person}), place)
                self.shown[showing] = max(shown, self.shown.get(showing, 0))
            self._unsure.clear()

    def _take_refusal(self, event: client.Ended | client.NameRefused) -> None:
        if isinstance(event, client.Ended):
            self.ended = event
        else:  # perhaps after a break: its token had become old
            self.entered = None
        if not self.keeps_trying:
            return
        if isinstance(event, client.NameRefused):
            self.network.after(5.0, self._choose_again, self.lives)
        elif event.reason in (client.EndReason.UNREACHABLE, client.EndReason.REFUSED):
            self.network.after(5.0, self._join_again, self.lives)

    def _choose_again(self, life: int) -> None:
        if self.is_running and life == self.lives:
            self.command(client.ChooseName(self.name))

    def _join_again(self, life: int) -> None:
        if not self.is_running and life == self.lives:
            self.join()

    def _enter(self, event: client.Entered) -> None:
        self.entered, self.is_listed = event, False
        self.people_been.add(event.person)
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            self._say(ROOM, text)

    def _note(self, conversation: int, texts: tuple[str, ...]) -> None:
        self.said += texts
        self.places.update(dict.fromkeys(texts, conversation))

    def _say(self, conversation: int, text: str) -> None:
        ticket = self.ticket()
        self._said_by_ticket[ticket] = (text, self.network.now)
        self.command(client.Say(ticket, conversation, text))

    def close(self) -> None:
        """What the program had open."""
        if self._disk is not None:
            self._disk.close()
            self._disk = None

    def on_end(self) -> None:
        self.close()

    def on_death(self) -> None:
        self.close()
        # What the user had typed but the program had not kept is lost with it, as in life.
        self._waiting = []
        self._said_by_ticket, self._asked = {}, {}
        # And what had been refused, and was still on disk, is sent again.
        on_disk = {draft.text for draft in self.run.waiting} if self.run is not None else set()
        refused = zip(self.refused, self.refused_to, strict=True)
        kept = [(event, person) for event, person in refused if event.text not in on_disk]
        self.refused = [event for event, _ in kept]
        self.refused_to = [person for _, person in kept]


def _number(answered: client.Answered) -> int:
    assert isinstance(answered.result, int)
    return answered.result

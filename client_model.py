"""What the chat window shows, computed from events: who we are, the people, the conversations.

Band: cores. Pure: knows no window and no clock. What each conversation shows is the matter of
client_transcript.py, what in it is unread of client_inbox.py, what stands around the messages of
client_overview.py.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo

from auth import fold_name
from client_events import (
    Connection,
    ConnectionChanged,
    ConversationChanged,
    ConversationGone,
    DraftMade,
    DraftRefused,
    DraftTaken,
    Ended,
    Entered,
    EntryArrived,
    FloorChanged,
    Found,
    IdentityChanged,
    KeySeen,
    LogReplaced,
    MarkRead,
    OlderArrived,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    ReachedChanged,
)
from client_file_model import FileModel
from client_held import Held
from client_inbox import Conversation, Inbox
from client_mentions import is_mentioned
from client_realm_events import DeliveryTold, RealmInfo, RealmState, RealmsTold
from client_rows import LastMessage, MessageRow, NoticeRow, PersonRow, Receipt, Row
from client_transcript import Reader, Transcript, TranscriptEvent
from conversation import ROOM, ConversationKind, EntryKind, Person, Presence
from realms import split_realm
from settings_client import Notify

MOST_STRANGERS = 10_000  # people of other realms who are known; a realm has no more here
_SAID = frozenset({EntryKind.TEXT, EntryKind.FILE})
_LAST_INSTANT = 253_370_764_800_000  # 9999-01-01: a peer's clock may say anything


class ClientModel:
    """Fed with every event of the core, in order; asked by the views what to draw.

    Owned by the Tk thread (or the terminal's). ``zone``: the user's, None for the system's.
    """

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self.connection = Connection.CONNECTING
        self.round_trip: float | None = None
        self.room_name = ""
        self.server_key: bytes | None = None
        self.is_first_time = False  # the server's key had not been known before
        self.inbox = Inbox()
        self.files = FileModel()
        self.token = ""  # of an account's session, as hex
        self.has_entered = False
        self.ended: Ended | None = None
        self.people: dict[int, Person] = {}
        self.strangers: dict[str, int] = {}  # people of other realms, as far as they were met
        self.realms: tuple[RealmInfo, ...] = ()
        self.may_add_realm = False
        self._are_realms_told = False
        self.levels: Mapping[int, Notify] = {}  # by conversation, where the user chose
        self._transcripts = {ROOM: Transcript(ROOM, self.day_of)}
        self._chosen = ROOM
        self._told: set[int] = set()  # conversations of which it is known what we have seen
        self._is_looking = True
        self._serial = 0
        self._ticket = 0

    # --- who we are, and where ---

    @property
    def me(self) -> int:
        """Our person; 0: nobody."""
        return self.inbox.me

    @property
    def my_name(self) -> str:
        """As the others know us."""
        return self.inbox.my_name

    @property
    def chosen(self) -> int:
        """The conversation that is shown."""
        return self._chosen

    @property
    def here(self) -> Transcript:
        """What is shown of it."""
        return self._transcripts[self._chosen]

    @property
    def conversation(self) -> Conversation:
        """The conversation that is shown."""
        known = self.inbox.conversation(self._chosen)
        assert known is not None  # whoever forgets one chooses another
        return known

    def transcript(self, conversation: int) -> Transcript | None:
        """What is shown of a conversation, once it is chosen; None: we do not belong to it."""
        return self._transcripts.get(conversation)

    # --- events ---

    def apply(self, event: object) -> None:
        """Takes what happened into account; events that change nothing shown are ignored."""
        if isinstance(event, EntryArrived):
            self._mark_line(event)
            self._meet(event.entry.name, event.entry.person)
        before = self.me
        self.inbox.apply(event)
        if self.me != before:
            self._told.clear()
        match event:
            case (
                EntryArrived()
                | DraftMade()
                | DraftTaken()
                | DraftRefused()
                | OlderArrived()
                | FloorChanged()
                | ReachedChanged()
                | DeliveryTold()
                | LogReplaced()
            ):
                self._apply_to_transcript(event)
            case PeopleReplaced() | PersonChanged() | PersonTyping():
                self._apply_people(event)
            case ConversationChanged() | ConversationGone():
                self._apply_conversation(event)
            case ConnectionChanged() | KeySeen() | Entered() | IdentityChanged() | Ended():
                self._apply_visit(event)
            case RealmsTold(realms, may_add):
                self.realms, self.may_add_realm, self._are_realms_told = realms, may_add, True
            case _:
                pass

    def _apply_visit(
        self, event: ConnectionChanged | KeySeen | Entered | IdentityChanged | Ended
    ) -> None:
        match event:
            case ConnectionChanged():
                self.connection = event.connection
                self.round_trip = event.round_trip
            case KeySeen():
                self.server_key, self.room_name = event.key, event.room_name
                self.is_first_time = not event.is_pinned
            case Entered():
                self.room_name, self.server_key = event.room_name, event.server_key
                self.has_entered = True
            case IdentityChanged():
                self.token = event.token
            case _:
                self.ended = event

    def _apply_to_transcript(self, event: TranscriptEvent) -> None:
        transcript = self._transcripts.get(event.conversation)
        if transcript is not None:
            transcript.apply(event, self.me)

    def _mark_line(self, event: EntryArrived) -> None:
        """What comes first of what nobody looks at stands below the line, until it is answered."""
        transcript = self._transcripts.get(event.conversation)
        known = self.inbox.conversation(event.conversation)
        if transcript is None or known is None or known.unread or event.is_history:
            return
        is_seen = self._is_looking and event.conversation == self._chosen
        if self._is_news(event) and event.number > known.read and not is_seen:
            transcript.unread_from = event.number

    def _is_news(self, event: EntryArrived) -> bool:
        kind = event.entry.kind
        is_own = event.ticket is not None or event.entry.person == self.me
        return kind is EntryKind.NOTICE or (kind in _SAID and not is_own)

    def _apply_conversation(self, event: ConversationChanged | ConversationGone) -> None:
        number = event.conversation
        if isinstance(event, ConversationChanged) and event.kind is ConversationKind.PRIVATE:
            if number in self._told:  # they are called otherwise now
                known = self.strangers.items()
                self.strangers = {name: one for name, one in known if one != event.person}
            self._meet(event.name, event.person)
        if isinstance(event, ConversationGone):
            self._told.discard(number)
            self._transcripts.pop(number, None)
        elif number not in self._told:
            self._told.add(number)
            if number == ROOM and event.read == 0:  # what newcomers find is no news
                self.inbox.mark_read(ROOM, event.head)
            self._keep_in_step()
            if number == self._chosen:
                self._draw_line()
        self._keep_in_step()

    def _meet(self, name: str, person: int) -> None:
        """Somebody of another realm that we reach; of a third one, nobody can be written to."""
        local, realm = split_realm(name)
        if realm and "@" not in local and len(self.strangers) < MOST_STRANGERS:
            self.strangers[name] = person

    def _keep_in_step(self) -> None:
        """A transcript for each conversation that there is."""
        numbers = {known.number for known in self.inbox.conversations()}
        for number in numbers - self._transcripts.keys():
            self._transcripts[number] = Transcript(number, self.day_of)
        if self._chosen not in self._transcripts:
            self._chosen = ROOM

    def _draw_line(self) -> None:
        unread = self.unread_in(self._chosen)
        self.here.unread_from = unread[0].number if unread else 0

    def _apply_people(self, event: PeopleReplaced | PersonChanged | PersonTyping) -> None:
        match event:
            case PeopleReplaced():
                self.people = {
                    person.person: person
                    for person in event.people
                    if person.presence is not Presence.GONE
                }
                for transcript in self._transcripts.values():
                    for person in transcript.typing:
                        if person not in self.people:
                            transcript.stop_typing(person)
            case PersonChanged():
                if event.person.presence is Presence.GONE:
                    self.people.pop(event.person.person, None)
                    for transcript in self._transcripts.values():
                        transcript.stop_typing(event.person.person)
                else:
                    self.people[event.person.person] = event.person
            case _:
                typed_in = self._transcripts.get(event.conversation)
                if typed_in is not None and event.person in self.people:
                    typed_in.see_typing(event.person)

    # --- what the user does in the window ---

    def new_ticket(self) -> int:
        """The number for the next Say or Request."""
        self._ticket += 1
        return self._ticket

    def add_notice(self, text: str, conversation: int | None = None) -> None:
        """A line of the program's own, in this window alone; where one is if not said otherwise."""
        self._serial += 1
        transcript = self._transcripts.get(self._chosen if conversation is None else conversation)
        if transcript is not None:
            transcript.held.append(NoticeRow(0, self._serial, text))

    def choose(self, conversation: int) -> bool:
        """Shows a conversation from its newest entries on, with a line above what is unread.

        False: we do not belong to it, or do not know it yet.
        """
        self._keep_in_step()  # one that was opened a moment ago
        if conversation not in self._transcripts:
            return False
        if conversation != self._chosen:
            self.here.held.look(True)
            self._chosen = conversation
            self._draw_line()
            self.here.held.show_newest()
        return True

    def look(self, is_at_end: bool, *, has_focus: bool = True) -> None:
        """Whether the view stands at the newest message, and the user is there to see it: then
        what arrives meanwhile is not new to them."""
        self.here.held.look(is_at_end)
        self._is_looking = is_at_end and has_focus

    def see(self, number: int) -> MarkRead | None:
        """The user has seen all up to an entry of the conversation shown; what to tell the core."""
        if not self.is_told:
            return None  # what we had seen is not known yet, and where the line stands
        return self.inbox.see(self._chosen, number)

    # --- what needs attention ---

    def level(self, conversation: int) -> Notify:
        """How much of a conversation the user wants to be called for."""
        known = self.inbox.conversation(conversation)
        usual = Notify.ALL
        if known is None or known.kind is ConversationKind.ROOM:
            usual = Notify.MENTIONS
        return self.levels.get(conversation, usual)

    def calls(self, event: EntryArrived) -> bool:
        """Whether an entry, already applied, should draw the user's attention to the window."""
        is_seen = self._is_looking and event.conversation == self._chosen
        if is_seen or event.is_history or not self._is_news(event):
            return False
        if self.inbox.conversation(event.conversation) is None:
            return False
        level = self.level(event.conversation)
        is_meant = is_mentioned(event.entry.text, self.my_name)
        return level is Notify.ALL or (level is Notify.MENTIONS and is_meant)

    @property
    def is_told(self) -> bool:
        """Whether it is known what we have seen of the conversation shown."""
        return self._chosen in self._told

    def unread_in(self, conversation: int) -> list[Found]:
        """The messages we have not seen, ascending, as far as they are here."""
        return self.inbox.unread(conversation) if conversation in self._told else []

    @property
    def unread(self) -> int:
        """Unread messages of all conversations that are not silenced."""
        return sum(
            len(self.unread_in(known.number))
            for known in self.inbox.conversations()
            if self.level(known.number) is not Notify.NONE
        )

    # --- other realms ---

    def realm(self, name: str) -> RealmInfo | None:
        """One that is called so; None: it is not there any more, or nothing was told yet."""
        folded = fold_name(name)
        return next((realm for realm in self.realms if fold_name(realm.name) == folded), None)

    def is_realm_away(self, name: str) -> bool:
        """Whether what is said to it waits, as far as is known."""
        realm = self.realm(name)
        is_linked = realm is not None and realm.state is RealmState.LINKED
        return self._are_realms_told and not is_linked

    # --- what to draw ---

    @property
    def held(self) -> Held:
        """What is held of the conversation shown."""
        return self.here.held

    @property
    def last_message(self) -> LastMessage | None:
        """In the conversation shown."""
        return self.here.last_message

    def rows(self) -> list[Row]:
        """What is in reach of the view, from the top down; at its end the drafts that wait."""
        reader = self._reader()
        rows = [self._with_file(row) for row in self.here.rows(reader)]
        if self.held.is_following:
            rows += self._upload_rows(rows, reader)
        return rows

    def _reader(self) -> Reader:
        here = self.conversation
        is_abroad = bool(here.realm)
        is_away = self.is_realm_away(here.realm) or self.here.is_held_up
        return Reader(
            self.me,
            self.my_name,
            self.connection is Connection.HERE,
            is_mirror=is_abroad and here.kind is ConversationKind.GROUP,
            is_realm_away=is_abroad and is_away,
        )

    def _with_file(self, row: Row) -> Row:
        """An entry of a file shows where the file stands."""
        if isinstance(row, MessageRow) and row.file is not None and row.number:
            return replace(row, view=self.files.view(row.file))
        return row

    def _upload_rows(self, above: list[Row], reader: Reader) -> Iterator[MessageRow]:
        """Files of our own that have no entry yet."""
        last = above[-1] if above else None
        starts_run = not (isinstance(last, MessageRow) and last.is_own)
        for ticket, upload in self.files.uploads(self._chosen):
            yield MessageRow(
                0,
                ticket,
                self.me,
                self.my_name,
                upload.note.name,
                0,
                True,
                starts_run,
                reader.receipt_of_draft if upload.is_forwarded else Receipt.NONE,
                file=upload.note,
                view=upload.view,
            )
            starts_run = False

    def people_rows(self) -> list[PersonRow]:
        """Oneself first, then who is here, then who is away, by name."""
        people = sorted(
            self.people.values(),
            key=lambda one: (
                one.person != self.me,
                one.presence is Presence.AWAY,
                one.name.casefold(),
                one.person,
            ),
        )
        typing = self.here.typing
        return [
            PersonRow(
                one.person,
                one.name,
                one.person == self.me,
                one.presence is Presence.AWAY and one.person != self.me,
                one.person in typing and one.person != self.me,
            )
            for one in people
        ]

    def here_count(self) -> int:
        """How many are here and not away; oneself counts always."""
        return sum(
            one.presence is Presence.HERE or one.person == self.me for one in self.people.values()
        )

    def day_of(self, sent_at: int) -> date:
        """The user's calendar day of an instant."""
        return self._local(sent_at).date()

    def time_of(self, sent_at: int) -> str:
        """The user's clock: 14:32."""
        return format(self._local(sent_at), "%H:%M")

    def _local(self, sent_at: int) -> datetime:
        seconds = min(max(sent_at, 0), _LAST_INSTANT) / 1000
        return datetime.fromtimestamp(seconds, UTC).astimezone(self._zone)

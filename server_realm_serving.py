"""What another realm may read of us: which logs, how far they go, and what it did not take.

Band: cores. A realm that is linked is a reader of our logs as a session of a member is. Answers
speak of what is on disk alone.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from itertools import islice

from belonging import MAX_HELD
from conversation import ROOM, ConversationKind, Entry, EntryKind, RefusalNote
from protocol import Code
from protocol_frames import Have
from protocol_requests import Fields, number_field
from realms import MAX_PAGE, PERSON_SIZE, SharedAnswer, SharedLog, SharedRequest, Someone
from records import Store
from server_delivery import MAX_HAVE_PAIRS, Delivery
from server_peer import Peer
from server_people import People
from server_realm_copying import Copying
from server_realm_peer import RealmPeer
from server_rooms import Rooms
from server_turn import Turn

MOST_REFUSED = 200  # entries of a log that is refused, looked at in one turn
MOST_LOOKED = 200  # logs for one answer: most of them may be empty
READ_BYTES = 256 * 1024
# Whoever is kept from speaking to a group does not speak to its members by what tells them so.
_SILENCING = frozenset({Code.MUTED, Code.BANNED})


class Serving:
    """Logs of ours for all realms. ``answer``: to the request that is being served."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        people: People,
        delivery: Delivery,
        turn: Turn,
        copying: Copying,
        *,
        answer: Callable[[Peer, int, Code, Fields], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._people = people
        self._delivery = delivery
        self._turn = turn
        self._copying = copying
        self._answer = answer
        self._wall_clock = wall_clock
        self._links: dict[int, RealmPeer] = {}  # by realm

    def opened(self, link: RealmPeer) -> None:
        """From now on it may read."""
        self._links[link.realm] = link

    def lost(self, link: RealmPeer) -> None:
        """It is gone; what is said waits in its log."""
        del self._links[link.realm]
        self._delivery.forget(link.peer)

    def share(self, conversation: int, now: float) -> None:
        """Something was said there: realms that may read it follow it, others no longer do."""
        if conversation == ROOM or not self._links:
            return
        readers = self._store.realms_of(conversation)
        for realm, link in self._links.items():
            if realm in readers:
                if conversation not in link.peer.feeds:
                    self._delivery.follow(link.peer, conversation, 0, now)
            elif conversation in link.peer.feeds:
                self._delivery.withdraw(link.peer, conversation)

    # --- requests ---

    def serve_shared(self, link: RealmPeer, request: int, fields: Fields) -> None:
        """SHARED. Raises PeerError."""
        wish = SharedRequest.decode(fields)

        def end(now: float) -> None:
            if self._links.get(link.realm) is link:
                shared = self._shared(link, wish, now)
                self._answer(link.peer, request, Code.OK, shared.encode())

        self._turn.when_settled(end)

    def _shared(self, link: RealmPeer, wish: SharedRequest, now: float) -> SharedAnswer:
        held = {log.conversation: log for log in wish.held}
        mine = self._store.shared_logs(link.realm, wish.after, MOST_LOOKED)
        last = wish.held[-1].conversation if len(held) == MAX_HELD else None
        covered = [log for log in mine if last is None or log <= last]
        page = list(islice((log for log in covered if self._rooms.head(log)), MAX_PAGE + 1))
        next_after = mine[-1] if len(mine) == MOST_LOOKED else None
        if len(covered) < len(mine):
            next_after = last
        if len(page) > MAX_PAGE:
            page.pop()
            next_after = page[-1]
        changed: list[int] = []
        for log in page:
            theirs = held.get(log)
            if theirs is not None and not self._rooms.is_same(theirs):
                changed.append(log)
                self._delivery.follow(link.peer, log, 0, now)
            else:
                have = theirs.have if theirs is not None else 0
                self._delivery.follow_on(link.peer, log, have, now)
        # Receipts speak of what they have now, not of what they had before a backup; nor of less
        # than they reported over this very link while they asked.
        feeds = link.peer.feeds
        has = {log: 0 if log in changed else feeds[log].have for log in page if log in held}
        self._keep(link, has, now)
        rows = tuple(self._row(log) for log in page)
        refused = {log: self._store.refused_to(link.realm, log) for log in page}
        told = {log: number for log, number in refused.items() if number}
        return SharedAnswer(rows, tuple(changed), next_after, told)

    def _row(self, conversation: int) -> SharedLog:
        record = self._store.conversation(conversation)
        assert record is not None
        head = self._rooms.head(conversation)
        if record.pair is not None:
            one, two = record.pair
            other = self._store.foreign_person(one) or self._store.foreign_person(two)
            assert other is not None
            ours = Someone(*self.known(two if other.person == one else one))
            yours = Someone(other.theirs, other.name)
            return SharedLog(conversation, record.kind, head, ours=ours, yours=yours)
        name = record.name
        if record.kind is ConversationKind.OUTGOING:
            mirror = self._store.mirror(conversation)
            assert mirror is not None
            name = mirror.name
        return SharedLog(conversation, record.kind, head, name)

    def known(self, person: int) -> tuple[bytes, str]:
        """How another realm knows somebody of ours: number and name."""
        name = self._people.name(person)
        if name is None:
            record = self._store.person(person)
            name = record.name if record is not None else ""
        return person.to_bytes(PERSON_SIZE, "big"), name

    # --- what it has ---

    def receive_have(self, link: RealmPeer, have: Have, now: float) -> None:
        """How far it has our logs, on its disk. Raises PeerError for what is not there."""
        self._delivery.receive_have(link.peer, have, now)
        has = {
            conversation: number
            for conversation, number in have.numbers[:MAX_HAVE_PAIRS]  # what was looked at
            if conversation in link.peer.feeds
            and number > self._store.realm_has(link.realm, conversation)
        }
        self._keep(link, has, now)

    def _keep(self, link: RealmPeer, has: dict[int, int], now: float) -> None:
        realm = link.realm
        news = {c: number for c, number in has.items() if self._store.realm_has(realm, c) != number}
        if not news:
            return

        def write() -> None:
            for conversation, number in news.items():
                self._store.set_realm_has(realm, conversation, number)

        def undo(now: float) -> None:
            """Heads are told anew, until they say again what they have."""
            for conversation in sorted(news.keys() & link.peer.feeds.keys()):
                has = self._store.realm_has(realm, conversation)
                self._delivery.follow(link.peer, conversation, has, now)

        self._turn.when_undone(undo)
        self._turn.attempt(write, now)

    # --- what it did not take ---

    def serve_undelivered(self, link: RealmPeer, request: int, fields: Fields, now: float) -> None:
        """UNDELIVERED: it refused an entry of ours, or a whole log. Raises PeerError."""
        conversation, number = number_field(fields, "conversation"), number_field(fields, "number")
        code = number_field(fields, "code")
        if code not in Code.__members__.values() or code == Code.OK:
            code = Code.BAD_REQUEST

        def answer(code: Code) -> Callable[[float], None]:
            def end(now: float) -> None:
                if self._links.get(link.realm) is link:
                    self._answer(link.peer, request, code, {})
                self.share(conversation, now)

            return end

        is_all = True

        def forget(_: float) -> None:
            self._copying.forget(link.realm)

        def write() -> None:
            nonlocal is_all
            if self._store.has_shared(link.realm, conversation):
                is_all = self._refuse(link.realm, conversation, number, Code(code))

        self._turn.when_undone(forget)
        self._turn.when_undone(answer(Code.DISK_FULL))
        if self._turn.attempt(write, now):
            # DISK_FULL as well if there was too much for one turn: it is said again after a while.
            self._turn.when_kept(answer(Code.OK if is_all else Code.DISK_FULL))

    def _refuse(self, realm: int, conversation: int, number: int, code: Code) -> bool:
        """Whether all of it is written down now."""
        mirror = self._store.mirror(conversation)
        if number:
            self._note(realm, conversation, number, code)
            if mirror is not None:
                self._copying.note_refused(mirror, number)
            return True
        if self._is_told(conversation):
            store, head = self._store, self._rooms.head(conversation)
            had = mirror.returned if mirror is not None else store.realm_has(realm, conversation)
            looked = max(had, store.refused_to(realm, conversation))
            last = min(head, looked + MOST_REFUSED)
            for number in range(looked + 1, last + 1):
                self._note(realm, conversation, number, code)
            # Should it be taken after all before the rest was told, those are passed over.
            store.refuse_to(realm, conversation, last)
            if last < head:
                return False
        self._store.decline(realm, conversation, code)
        return True

    def _is_told(self, conversation: int) -> bool:
        """Whether authors hear of what is refused there; not in a group of ours that is read."""
        record = self._store.conversation(conversation)
        is_private = record is not None and record.pair is not None
        return is_private or self._store.mirror(conversation) is not None

    def _note(self, realm: int, conversation: int, number: int, code: Code) -> None:
        """Shows in the log that its author sees; once, however often they say it."""
        if not self._is_told(conversation):
            return
        mirror = self._store.mirror(conversation)
        found = self._store.read(conversation, number, number, READ_BYTES)
        if not found:
            return
        entry = Entry.decode(found[0].body)
        is_said = entry.kind in (EntryKind.TEXT, EntryKind.FILE)
        if not is_said or self._store.foreign_person(entry.person) is not None:
            return
        if not self._store.note_refused(realm, conversation, number):
            return
        at = self._wall_clock()
        shown = mirror.conversation if mirror is not None else conversation
        note = RefusalNote.about(entry, code)
        if mirror is not None and code in _SILENCING:
            note = note._replace(excerpt="")
        self._store.append(
            shown, Entry(entry.tag, EntryKind.NOTICE, at, entry.person, entry.name, note.encode())
        )

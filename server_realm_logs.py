"""Logs across realms: what we serve to each realm that is linked, and what we read of it.

Band: cores. Puts the parts together; a link that comes or goes, frames and turns pass through here.
Source: docs/protocol.md.
"""

import math
from collections import deque
from collections.abc import Callable
from functools import partial

from protocol import Code, RunJob, Verb
from protocol_frames import EntryPart, Have, Heads, Pull, Want
from protocol_requests import Answer, Fields
from records import Shelf, Store, Undelivered
from server_delivery import Delivery
from server_events import HappeningKind
from server_peer import Peer
from server_people import People
from server_realm_contacts import Contacts
from server_realm_copying import Copying
from server_realm_files import RealmFiles
from server_realm_following import MOST_UNTOLD, Following
from server_realm_peer import OfLinks, RealmBounds, RealmPeer
from server_realm_people import Foreigners
from server_realm_serving import Serving
from server_rooms import Rooms
from server_supply import Supply
from server_turn import Turn
from server_uploads import Uploads
from settings import Limits

MOST_TOLD = 8  # refusals in flight
TELL_AGAIN = 5.0  # s after the other side could not write it down
FULL_INTERVAL = 86_400.0  # s after which the operator hears again that a realm may leave no more


class _Telling:
    """Says what was refused, until it is heard."""

    def __init__(
        self, link: RealmPeer, store: Store, turn: Turn, wake: Callable[[Peer], None]
    ) -> None:
        self._link = link
        self._store = store
        self._turn = turn
        self._wake = wake
        self._waiting: deque[Undelivered] = deque()
        self._told: set[Undelivered] = set()  # asked, and not answered yet
        self.count = 0  # that they have not heard
        self._is_due = True
        self._from = 0.0

    def look(self) -> None:
        """Something may have been refused."""
        self._is_due = True

    def go_on(self, now: float) -> None:
        """After a commit: as many as may be told at once."""
        if self._is_due and now >= self._from:  # what was refused may have been taken meanwhile
            self._is_due = False
            untold = self._store.undelivered(self._link.realm)
            self.count = len(untold)
            self._waiting = deque(one for one in untold if one not in self._told)
        while self._waiting and len(self._told) < MOST_TOLD and now >= self._from:
            refusal = self._waiting.popleft()
            self._told.add(refusal)
            fields: Fields = {
                "conversation": refusal.theirs,
                "number": refusal.number,
                "code": int(refusal.code),
            }
            self._link.ask(Verb.UNDELIVERED, fields, partial(self._learn, refusal), now)
            self._wake(self._link.peer)

    def next_timer(self) -> float | None:
        is_more = self._waiting and len(self._told) < MOST_TOLD
        return self._from if self._is_due or is_more else None

    def _learn(self, refusal: Undelivered, answer: Answer, now: float) -> None:
        self._told.discard(refusal)
        if answer.code is Code.DISK_FULL:
            self._from, self._is_due = now + TELL_AGAIN, True
        else:
            self.count -= 1
            self._turn.attempt(partial(self._store.drop_undelivered, refusal), now)


class RealmLogs:
    """All links that stand. ``run(work, end)``: for the worker thread; ``wake``: a peer has
    something to send; ``is_linked(realm)``: its link stands, and answers; ``report_full(link)``:
    more than a realm may leave here; ``report_file(realm, kind, name)``: a file of theirs does not
    come.
    """

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        rooms: Rooms,
        people: People,
        delivery: Delivery,
        uploads: Uploads,
        supply: Supply,
        turn: Turn,
        limits: Limits,
        *,
        answer: Callable[[Peer, int, Code, Fields], None],
        wake: Callable[[Peer], None],
        is_linked: Callable[[int], bool],
        run: RunJob,
        report_full: Callable[[RealmPeer], None],
        report_file: Callable[[int, HappeningKind, str], None],
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._uploads = uploads
        self._supply = supply
        self._turn = turn
        self._limits = limits
        foreigners = Foreigners(store, limits, random_bytes)
        self._copying = copying = Copying(
            store, rooms, people, foreigners, is_here=shelf.has, largest=uploads.largest_abroad
        )
        self._serving = Serving(
            store, rooms, people, delivery, turn, copying, answer=answer, wall_clock=wall_clock
        )
        self.contacts = Contacts(
            store,
            rooms,
            people,
            foreigners,
            self._serving,
            turn,
            standing=self.standing,
            is_linked=is_linked,
            answer=answer,
            wake=wake,
            bounds_of=self._bounds_of,
            wall_clock=wall_clock,
        )
        self._files = RealmFiles(store, uploads, turn, limits, report=report_file)
        supply.lacks_room = self._files.lacks_room
        self._wake = wake
        self._run = run
        self._report_full = report_full
        self._wall_clock = wall_clock
        self._following: dict[int, Following] = {}  # by realm
        self._bounds: dict[int, RealmBounds] = {}  # by realm, of all since the start
        self._telling: dict[int, _Telling] = {}
        self._full: dict[int, float] = {}  # by realm, when it was reported

    # --- links ---

    def opened(self, link: RealmPeer, now: float) -> None:
        """A link stands."""
        before = self._following.get(link.realm)
        if before is not None:
            self.lost(before.link, now)
        self._serving.opened(link)
        self._files.opened(link)
        self._telling[link.realm] = _Telling(link, self._store, self._turn, self._wake)
        self._following[link.realm] = Following(
            link,
            self._store,
            self._copying,
            self._turn,
            self._limits,
            self._bounds_of(link.realm),
            wake=lambda link: self._wake(link.peer),
            run=self._run,
            report_full=self._note_full,
            now=now,
        )

    def _bounds_of(self, realm: int) -> RealmBounds:
        bounds = self._bounds.get(realm)
        if bounds is None:
            bounds = self._bounds[realm] = RealmBounds(self._limits)
        return bounds

    def lost(self, link: RealmPeer, now: float) -> None:
        """It stands no more. Another one to the same realm may have taken its place."""
        following = self._following.get(link.realm)
        if following is None or following.link is not link:
            return
        del self._following[link.realm], self._telling[link.realm]
        following.end()
        self._serving.lost(link)
        self._files.lost(link)
        self._uploads.forget(link.peer)
        self._supply.forget(link.peer)

    def standing(self, realm: int) -> RealmPeer | None:
        """The link to a realm."""
        following = self._following.get(realm)
        return following.link if following is not None else None

    def share(self, conversation: int, now: float) -> None:
        """Something was said there, and is on disk."""
        self._serving.share(conversation, now)

    def _note_full(self, link: RealmPeer, now: float) -> None:
        if now >= self._full.get(link.realm, -math.inf) + FULL_INTERVAL:
            self._full[link.realm] = now
            self._report_full(link)

    def dropped(self, realm: int) -> None:
        """It is no realm of ours any more, and its link is gone."""
        self._bounds.pop(realm, None)
        self._full.pop(realm, None)
        self._copying.forget(realm)

    # --- inwards ---

    def serve(self, link: RealmPeer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Answers SHARED, CONTACT or UNDELIVERED. Raises PeerError."""
        match verb:
            case Verb.SHARED:
                self._serving.serve_shared(link, request, fields)
            case Verb.CONTACT:
                self.contacts.serve(link, request, fields, now)
            case _:  # UNDELIVERED
                self._serving.serve_undelivered(link, request, fields, now)

    def receive(self, link: RealmPeer, frame: OfLinks, now: float) -> None:
        """A frame about logs or files. Raises PeerError."""
        following = self._following.get(link.realm)
        if following is None or following.link is not link:
            return
        match frame:
            case EntryPart():
                following.receive_entry(frame, now)
            case Heads():
                following.receive_heads(frame, now)
            case Pull():
                self._delivery.receive_pull(link.peer, frame, now)
            case Have():
                self._serving.receive_have(link, frame, now)
            case Want():
                self._files.receive_want(link.realm, frame)
                self._uploads.receive_want(link.peer, frame)
                self._supply.receive(link.peer, frame, now)
            case _:
                self._uploads.receive_chunk(link.peer, frame, now)

    def pinged(self, link: RealmPeer, _: float) -> None:
        """A keepalive came: what they have not reported to have is told again."""
        self._delivery.queue_heads(link.peer)

    # --- turns ---

    def write(self, now: float) -> None:
        """At the begin of the commit: what came, into the open transaction."""
        at = self._wall_clock()
        for following in self._following.values():
            following.write(now, at)

    def ask(self, now: float) -> None:
        """After the commit: what we want, have and refuse."""
        for realm in self._copying.take_awaiting():
            self._files.look(realm, now)
        for realm, note in self._copying.take_too_large():
            self._files.tell(realm, note, HappeningKind.REALM_FILE_TOO_LARGE)
        for realm, following in self._following.items():
            telling = self._telling[realm]
            if following.has_refused:
                following.has_refused = False
                telling.look()
            following.is_choked = telling.count >= MOST_UNTOLD
            following.ask(now)
            telling.go_on(now)

    def next_timer(self) -> float | None:
        dues = [self.contacts.next_timer(), self._files.next_timer()]
        for realm, following in self._following.items():
            dues += [following.next_timer(), self._telling[realm].next_timer()]
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Most of it is done when the turn ends."""
        self.contacts.handle_timer(now)
        self._files.handle_timer(now)

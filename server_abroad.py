"""All that the server has to do with other realms, put together: links, logs, what is asked.

Band: cores. Decides nothing by itself; the core speaks of other realms to this part alone.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterator

from conversation import ROOM
from protocol import Burst, RunJob, Verb
from protocol_frames import Have, RealmsChanged
from protocol_requests import Fields
from records import BanKind, Shelf, Store
from server_delivery import Delivery
from server_events import Event, Happened, HappeningKind
from server_peer import Peer
from server_people import People
from server_realm_backlog import Backlogs
from server_realm_calls import Ourselves
from server_realm_links import LinkUse, RealmLinks
from server_realm_logs import RealmLogs
from server_realm_peer import OfLinks, RealmPeer
from server_realm_records import RealmRecords
from server_realms import Realms
from server_rooms import Rooms
from server_sessions import Sessions
from server_supply import Supply
from server_turn import Turn
from server_uploads import Uploads
from settings import ServerSettings, WhoMayLink

CHANGED_INTERVAL = 1.0  # s between two REALMS_CHANGED, however often links come and go
NOBODY = 0  # no person's number


class Abroad:
    """Owns ``links``, ``logs`` and ``realms``. ``part``, ``remember``: as the links need them."""

    def __init__(
        self,
        settings: ServerSettings,
        ourselves: Ourselves,
        store: Store,
        shelf: Shelf,
        rooms: Rooms,
        people: People,
        delivery: Delivery,
        uploads: Uploads,
        supply: Supply,
        sessions: Sessions,
        turn: Turn,
        *,
        part: Callable[[Peer], None],
        remember: Callable[[Peer, int], None],
        run: RunJob,
        report: Callable[[Event], None],
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._delivery = delivery
        self._sessions = sessions
        self._report = report
        self._wall_clock = wall_clock
        self._tell_from = float("-inf")
        self._is_untold = False
        self.logs = logs = RealmLogs(
            store,
            shelf,
            rooms,
            people,
            delivery,
            uploads,
            supply,
            turn,
            settings.limits,
            answer=sessions.answer,
            wake=sessions.wake,
            is_linked=lambda realm: self.links.is_linked(realm),
            run=run,
            report_full=self._report_full,
            report_file=self._report_file,
            random_bytes=random_bytes,
            wall_clock=wall_clock,
        )
        self.links = RealmLinks(
            RealmRecords(store, turn, settings.limits, settings.room_name),
            turn,
            sessions,
            LinkUse(
                opened=self._opened,
                lost=self._lost,
                dropped=logs.dropped,
                serve=self._serve,
                receive=self._receive,
                pinged=logs.pinged,
                changed=self._tell,
            ),
            ourselves,
            settings.limits,
            is_off=settings.realms is WhoMayLink.OFF,
            is_banned=lambda host: (
                people.ban_on(BanKind.ENTER, NOBODY, "", host, wall_clock()) is not None
            ),
            part=part,
            remember=remember,
            run=run,
            report=report,
            random_bytes=random_bytes,
            wall_clock=wall_clock,
        )
        self._backlogs = Backlogs(store, self.links.tell_linked)
        self.realms = Realms(
            store,
            turn,
            self.links,
            settings.realms,
            answer=sessions.answer,
            report=report,
            changed=self._tell,
            wall_clock=wall_clock,
        )

    def share(self, conversation: int, now: float) -> None:
        """Something was said there, and is on disk."""
        self.logs.share(conversation, now)
        self._backlogs.note_said(conversation)
        for realm in self._store.realms_of(conversation):
            self.links.expect_answer(realm, now)

    def next_timer(self) -> float | None:
        told = self._tell_from if self._is_untold else None
        dues = (self.logs.next_timer(), self.links.next_timer(), self._backlogs.next_timer(), told)
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        self.logs.handle_timer(now)
        self.links.handle_timer(now)
        self._backlogs.handle_timer(now)
        if self._is_untold and self._tell_from <= now:
            self._tell(now)

    def take_bursts(self, now: float) -> Iterator[Burst]:
        """After the commit: what links want, and what calls have to send."""
        self._backlogs.look()
        self.logs.ask(now)
        yield from self.links.take_bursts(now)

    def _opened(self, link: RealmPeer, now: float) -> None:
        self.logs.opened(link, now)
        self._backlogs.opened(link.realm, now)

    def _lost(self, link: RealmPeer, now: float) -> None:
        self.logs.lost(link, now)
        self._backlogs.lost(link.realm)

    def _serve(self, link: RealmPeer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        self.logs.serve(link, request, verb, fields, now)
        self._backlogs.stir(link.realm)

    def _receive(self, link: RealmPeer, frame: OfLinks, now: float) -> None:
        self.logs.receive(link, frame, now)
        if isinstance(frame, Have):
            self._backlogs.stir(link.realm)

    def _tell(self, now: float) -> None:
        """A link came or went, or something else of it is new: everybody may ask."""
        self._is_untold = now < self._tell_from
        if self._is_untold:
            return
        self._tell_from = now + CHANGED_INTERVAL
        self.realms.count_again()
        for peer in self._delivery.followers(ROOM):
            peer.session.queue(RealmsChanged().encode())
            self._sessions.wake(peer)

    def _report_full(self, link: RealmPeer) -> None:
        self._report(Happened(HappeningKind.REALM_FULL, self._wall_clock(), link.name))

    def _report_file(self, realm: int, kind: HappeningKind, file: str) -> None:
        name = self._store.realm_name(realm)
        self._report(Happened(kind, self._wall_clock(), name, text=file))

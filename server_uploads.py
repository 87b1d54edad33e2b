"""Files on their way to the server: who offers which, pulling them, whether they are what they
were said to be.

Band: cores. Nothing of a file is believed before its hash was verified and the store has said so.
Each who offers a file shows to have all of it, one after the other: a hash alone opens nothing. So
what has come of a file belongs to who sent it, and nobody else goes on with it.
Source: docs/protocol.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from conversation import FileNote
from deadlines import Deadlines
from protocol import FILE_ID_SIZE, Code, RunJob
from protocol_frames import Chunk, Want
from protocol_requests import Fields
from records import FileRecord, PartLostError, Shelf, Store, StoreFullError
from server_events import ComingRow, Happened, HappeningKind
from server_peer import Peer
from server_stock import Part, Stock
from server_turn import Turn
from settings import Limits
from transfer import Puller

SOURCE_PATIENCE = 20.0  # s without a block, then somebody else's offer is pulled
SAVE_LEAST = 256 * 1024  # bytes that came since the bitmap was saved last, or
SAVE_SHARE = 32  # this part of the file: a power cut costs little more
SAVE_MOST = 8 << 20  # bytes: what is said waits for the same disk, 5 ms instead of 15
SAVE_INTERVAL = 2.0  # s, however little came
MAX_REFUSED = 64  # files of one session of which it has not heard yet that they are refused

NO_PLACE = (StoreFullError, PartLostError)  # for what comes; nothing else is the worse for it
FULL = object()  # what a job comes to then

Outcome = tuple[Code, Fields]


@dataclass(slots=True, eq=False)
class _Offer:
    """A session that says it has a file."""

    peer: Peer
    person: int
    size: int
    name: str  # of the file


@dataclass(slots=True, eq=False)
class _Upload:
    """A file that somebody offers. Its source is the one of them whom it is pulled from."""

    file: bytes
    offers: list[_Offer] = field(default_factory=list)
    source: _Offer | None = None
    part: Part | None = None  # what has come from its source
    puller: Puller | None = None  # None: all is here and being verified
    is_fresh: bool = True  # all of it came since it was asked for now
    heard_at: float | None = None  # when something new came; None: not asked yet
    looked_at: float = 0.0
    saved_at: float = 0.0


class Uploads:
    """Pulls what is offered onto the shelf. ``run(work, end)`` is for the worker thread, ``wake``
    says that a peer has something to send.
    """

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        stock: Stock,
        turn: Turn,
        limits: Limits,
        *,
        run: RunJob,
        wake: Callable[[Peer], None],
        report: Callable[[Happened], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._stock = stock
        self._turn = turn
        self._limits = limits
        self._run = run
        self._wake = wake
        self._report = report
        self._wall_clock = wall_clock
        self._uploads: dict[bytes, _Upload] = {}
        self._refused: dict[int, dict[bytes, Outcome]] = {}  # by session, until they are told
        self._touched: dict[bytes, _Upload] = {}  # to be looked at when the turn ends
        self._deadlines: Deadlines[bytes] = Deadlines()

    def coming(self) -> list[ComingRow]:
        """What is being sent, in the order in which it began."""
        return [
            ComingRow(
                upload.file,
                upload.source.name,
                upload.part.size,
                self.name_of(upload.source.person),
                upload.part.here,
            )
            for upload in self._uploads.values()
            if upload.source is not None and upload.part is not None
        ]

    def name_of(self, person: int) -> str:
        """Who brings or brought a file: somebody, or another realm, "@" and its name."""
        record = self._store.person(person)
        if record is not None:
            return record.name
        realm = self._store.realm_name(person)
        return "@" + realm if realm else ""

    @property
    def largest_abroad(self) -> int:
        """Bytes that a file of another realm may have."""
        return min(self._stock.largest, self._limits.realm_bytes)

    # --- offers; when nothing is written that is not on disk ---

    def is_offered(self, peer: Peer, file: bytes) -> bool:
        """Whether a session's offer stands."""
        return _offer_of(self._uploads.get(file), peer) is not None

    def is_known(self, file: bytes, size: int, peer: Peer, person: int) -> bool:
        """Whether all of it is here, and no news to this person; or to this realm, whose number
        stands for it as if it were a person's."""
        store, record = self._store, self._store.file(file)
        may_read = (
            store.may_realm_read_file(file, peer.realm)
            if peer.realm
            else store.may_read_file(file, person)
        )
        return (
            record is not None
            and not record.is_removed
            and record.size == size
            and (may_read or store.has_brought(file, person))
            and self._shelf.has(file)
        )

    def offer(self, peer: Peer, person: int, note: FileNote) -> Outcome:
        """How an offer, or its repetition, stands. OK with ``have`` true: it can be shared now."""
        file, size, name = note
        refusal = self._refused.get(peer.key, {}).pop(file, None)
        if refusal is not None:
            return refusal
        if self.is_known(file, size, peer, person):
            self.withdraw(peer, file)
            return Code.OK, {"have": True}
        upload = self._uploads.get(file)
        known = _offer_of(upload, peer)
        if known is not None and known.size == size:
            return Code.OK, {"have": False}
        self.withdraw(peer, file)
        return self._take(_Offer(peer, person, size, name), file)

    def _take(self, offer: _Offer, file: bytes) -> Outcome:
        limits, largest = self._limits, self._stock.largest
        if offer.size > largest:
            return Code.FILE_TOO_LARGE, {"limit": largest}
        uploads = self._uploads.values()
        if sum(any(o.person == offer.person for o in u.offers) for u in uploads) >= limits.uploads:
            return Code.SERVER_FULL, {"limit": limits.uploads}
        upload = self._uploads.get(file)
        if upload is not None:
            upload.offers.append(offer)
            return Code.OK, {"have": False}
        upload = self._uploads[file] = _Upload(file, [offer])
        self._pull_next(upload)
        return self._refused.get(offer.peer.key, {}).pop(file, (Code.OK, {"have": False}))

    def _no_space(self) -> Outcome:
        limits = self._limits
        return Code.NO_SPACE, {"limit": limits.files_bytes, "free": limits.free_bytes}

    def drop(self, peer: Peer, person: int, file: bytes) -> None:
        """Somebody has given it up, or has it no more: what came of it is of no use."""
        self.withdraw(peer, file)
        self._stock.drop_idle(_part_key(file, person))

    def trim(self, person: int, most: int) -> None:
        """Of what came from them and nobody goes on with, no more bytes wait than these."""
        self._stock.trim_idle(_part_key(b"", person), most)

    def withdraw(self, peer: Peer, file: bytes) -> None:
        """A session offers it no more. What came from it waits for its person to go on."""
        self._refused.get(peer.key, {}).pop(file, None)
        upload = self._uploads.get(file)
        offer = _offer_of(upload, peer)
        if upload is not None and offer is not None:
            self._withdraw(upload, offer)

    def _withdraw(self, upload: _Upload, offer: _Offer) -> None:
        upload.offers.remove(offer)
        if upload.puller is not None and upload.source is offer:
            assert upload.part is not None
            self._save(upload.part)
            self._stock.lay_aside(upload.part)
            self._pull_next(upload)

    def forget(self, peer: Peer) -> None:
        """The session has ended, or nobody is behind it any more."""
        self._refused.pop(peer.key, None)
        for upload in list(self._uploads.values()):
            self.withdraw(peer, upload.file)

    def remove(self, file: bytes) -> None:
        """The operator removed it: nothing of it stays on the shelf."""
        record = self._store.file(file)
        if record is None or not record.is_removed:
            return  # somebody brought it again, in that very turn
        upload = self._uploads.get(file)
        if upload is not None:
            self._give_up(upload, (Code.FILE_REMOVED, {}))
        self._stock.remove(file)

    # --- pulling ---

    def _pull_next(self, upload: _Upload) -> None:
        """From whoever offered it first of those who still do; what others sent is not theirs."""
        self._let_go(upload)
        while upload.offers:
            offer = upload.offers[0]
            try:
                key = _part_key(upload.file, offer.person)
                part = self._stock.begin(key, offer.size, self._give_way)
            except StoreFullError:
                self._refuse(upload, offer, self._no_space())
                continue
            upload.source, upload.part, upload.heard_at = offer, part, None
            upload.is_fresh = part.bitmap.count == 0
            upload.puller = Puller(upload.file, part.size, part.bitmap)
            self._touched[upload.file] = upload
            return
        self._end(upload)

    def _let_go(self, upload: _Upload) -> None:
        if upload.part is not None:
            self._stock.end(upload.part)
        upload.source = upload.part = upload.puller = None

    def _end(self, upload: _Upload) -> None:
        del self._uploads[upload.file]
        self._touched.pop(upload.file, None)
        self._deadlines.cancel(upload.file)

    def receive_chunk(self, peer: Peer, chunk: Chunk, now: float) -> None:
        """Blocks of a file. What nobody asked this session for is nothing. Raises PeerError."""
        upload = self._uploads.get(chunk.file)
        if upload is None or upload.puller is None or upload.source is None:
            return
        if upload.source.peer is not peer:
            return
        part = upload.part
        assert part is not None
        try:
            for first, data in upload.puller.receive(chunk, now):
                self._shelf.write(part.key, first, data)
                part.unsaved += len(data)
                upload.heard_at = now
            if part.bitmap.is_mark_due and not part.bitmap.is_full:
                self._shelf.mark(part.key, part.bitmap.mark())
        except NO_PLACE:
            self._fill(upload)
            return
        self._touched[chunk.file] = upload

    def receive_want(self, peer: Peer, want: Want) -> None:
        """A source says what it supplies; that may be nothing."""
        upload = self._uploads.get(want.file)
        if upload is None or upload.puller is None or upload.source is None:
            return
        if upload.source.peer is peer:
            upload.puller.receive_want(want)
            self._touched[want.file] = upload

    def close(self) -> None:
        """The server ends in good order: the disk hears of everything."""
        for part in self._stock.active:
            self._save(part)

    def next_timer(self) -> float | None:
        return self._deadlines.next()

    def handle_timer(self, now: float) -> None:
        """Looks at what is due when the turn ends."""
        for file in self._deadlines.take_due(now):
            self._touched[file] = self._uploads[file]

    def ask(self, now: float) -> None:
        """At the end of a turn: what each puller wants, once for all that came."""
        while self._touched:
            _, upload = self._touched.popitem()
            assert upload.source is not None
            assert upload.part is not None
            assert upload.puller is not None
            self._go_on(upload, upload.source, upload.part, upload.puller, now)

    def _go_on(
        self, upload: _Upload, source: _Offer, part: Part, puller: Puller, now: float
    ) -> None:
        if upload.heard_at is None:
            upload.heard_at = upload.saved_at = upload.looked_at = now
        if puller.is_refused or now > upload.heard_at + SOURCE_PATIENCE:
            self._withdraw(upload, source)
            return
        part.watch(now - upload.looked_at)
        upload.looked_at = now
        if part.is_slow and any(offer.person != source.person for offer in upload.offers):
            self._send_back(upload, source, part)
            return
        frames = puller.frames_due(now, source.peer.session.round_trip)
        for frame in frames:
            source.peer.session.queue(frame)
        if frames:
            self._wake(source.peer)
        if puller.is_complete:
            self._verify(upload, part)
            return
        due = puller.next_timer()
        assert due is not None  # it lacks something, so it will ask again
        self._deadlines.set(upload.file, due)
        self._hash_in_time(part)
        self._save_in_time(upload, part, now)  # which may be the end of it

    def _save_in_time(self, upload: _Upload, part: Part, now: float) -> None:
        enough = min(SAVE_MOST, max(SAVE_LEAST, part.size // SAVE_SHARE))
        is_time = part.unsaved and now > upload.saved_at + SAVE_INTERVAL
        if part.is_saving or not (is_time or part.unsaved >= enough):
            return
        upload.saved_at = now
        if self._stock.keeps_reserve():
            self._save(part)
        else:
            self._fill(upload)

    def _save(self, part: Part) -> None:
        """What has come is not sent again after a restart."""
        if not part.unsaved:
            return

        def end(_: object, __: float) -> None:
            part.is_saving = False

        work = self._shelf.save(part.key, part.bitmap.encode())
        part.unsaved, part.is_saving = 0, True
        self._run(partial(_unless_no_place, work), end)

    def _hash_in_time(self, part: Part) -> None:
        """While more comes, so that little is left to do when all is here."""
        blocks = 0 if part.is_hashing else part.bitmap.to_hash(part.hashed)
        if not blocks:
            return

        def end(hashed: object, _: float) -> None:
            assert isinstance(hashed, int)
            part.hashed, part.is_hashing = hashed, False

        part.is_hashing = True
        self._run(self._shelf.hash_ahead(part.key, blocks), end)

    # --- its end ---

    def _verify(self, upload: _Upload, part: Part) -> None:
        upload.puller = None
        part.unsaved = 0
        self._deadlines.cancel(upload.file)
        if not self._shelf.has_part(part.key):
            self._fill(upload)
            return
        work = self._shelf.verify(part.key)
        self._verify_on(upload, partial(_unless_no_place, work))

    def _verify_on(self, upload: _Upload, work: Callable[[], object]) -> None:
        self._run(work, partial(self._verified, upload, work))

    def _verified(
        self, upload: _Upload, work: Callable[[], object], verdict: object, now: float
    ) -> None:
        source, part = upload.source, upload.part
        if self._uploads.get(upload.file) is not upload or source is None or part is None:
            return  # removed meanwhile
        if verdict is None:
            self._verify_on(upload, work)
        elif verdict is FULL:
            self._fill(upload)
        elif verdict:
            self._keep(upload, source, part, now)
        else:
            if upload.is_fresh and source in upload.offers:
                self._refuse(upload, source, (Code.FILE_CHANGED, {}))
            self._pull_next(upload)

    def _keep(self, upload: _Upload, source: _Offer, part: Part, now: float) -> None:
        """It is what it was said to be: the store says so, then everybody."""
        file, person = upload.file, source.person
        record = FileRecord(file, part.size, person, self._wall_clock(), name=source.name)

        def write() -> None:
            self._store.add_file(record)
            self._store.bring_file(file, person)

        def undo(_: float) -> None:
            known = self._store.file(file)
            if known is None or known.is_removed:
                self._shelf.drop(file)
            self._fill(upload)

        self._turn.when_undone(undo)
        if self._turn.attempt(write, now):
            self._turn.when_kept(lambda _: self._tell_sent(record, person), is_plain=True)
            self._turn.when_kept(lambda _: self._settle(upload), is_plain=True)

    def _tell_sent(self, record: FileRecord, person: int) -> None:
        kind, name = HappeningKind.FILE_SENT, self.name_of(person)
        self._report(Happened(kind, record.at, name, count=record.size, text=record.name))

    def _settle(self, upload: _Upload) -> None:
        """Who may share it now hears so; the others must show that they have it too."""
        for offer in list(upload.offers):
            if self.is_known(upload.file, offer.size, offer.peer, offer.person):
                upload.offers.remove(offer)
                self._hint(offer.peer, upload.file)
        self._pull_next(upload)

    def _fill(self, upload: _Upload) -> None:
        """The disk is full: what is here of it makes room for other things."""
        assert upload.part is not None
        self._stock.drop(upload.part)
        self._give_up(upload, self._no_space())

    def _give_way(self, part: Part) -> None:
        self._fill(self._uploads[part.key[:FILE_ID_SIZE]])

    def _send_back(self, upload: _Upload, source: _Offer, part: Part) -> None:
        """It hardly comes on while others wait: they have their turn, then it has another."""
        part.is_slow = False
        self._save(part)
        self._stock.lay_aside(part)
        self._refuse(upload, source, (Code.SERVER_FULL, {"limit": self._limits.uploads}))
        self._pull_next(upload)

    def _give_up(self, upload: _Upload, refusal: Outcome) -> None:
        self._let_go(upload)
        for offer in list(upload.offers):
            self._refuse(upload, offer, refusal)
        self._end(upload)

    def _refuse(self, upload: _Upload, offer: _Offer, refusal: Outcome) -> None:
        """Told when the offer is repeated, which a word makes happen at once."""
        upload.offers.remove(offer)
        refused = self._refused.setdefault(offer.peer.key, {})
        refused[upload.file] = refusal
        if len(refused) > MAX_REFUSED:
            del refused[next(iter(refused))]
        self._hint(offer.peer, upload.file)

    def _hint(self, peer: Peer, file: bytes) -> None:
        peer.session.queue(Want(file, 1, ()).encode())
        self._wake(peer)


def _offer_of(upload: _Upload | None, peer: Peer) -> _Offer | None:
    offers = upload.offers if upload is not None else []
    return next((offer for offer in offers if offer.peer is peer), None)


def _part_key(file: bytes, person: int) -> bytes:
    return file + person.to_bytes(8, "big")


def _unless_no_place(work: Callable[[], object]) -> object:
    """That there is no place is a result like others; what else a job raises ends the server."""
    try:
        return work()
    except NO_PLACE:
        return FULL

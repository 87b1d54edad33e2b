"""Files on their way from the server: who may have which, and what of it goes out now.

Band: cores. Whoever may not read a file, or may no longer, gets nothing of it and learns nothing.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from deadlines import Deadlines
from protocol import Burst, Code
from protocol_frames import Want, pack_chunks
from records import Shelf, Store, StoreBrokenError
from server_events import Happened, HappeningKind
from server_peer import Peer
from transfer import MAX_SUPPLIED, Supplier

TURN_BYTES = 1024 * 1024  # of files, for all sessions: chat waits no longer than that takes


class _Served(NamedTuple):
    peer: Peer
    supplier: Supplier
    sizes: dict[bytes, int]  # of what was found and allowed: that need not be asked for each WANT


class Supply:
    """Serves WANT. ``send(peer, now)``: seals what is queued for a session."""

    def __init__(
        self,
        store: Store,
        shelf: Shelf,
        *,
        report: Callable[[Happened], None],
        wall_clock: Callable[[], int],
        wake: Callable[[Peer], None],
        send: Callable[[Peer, float], Iterator[Burst]],
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._report = report
        self._wall_clock = wall_clock
        self._wake = wake
        self._send = send
        self.lacks_room: Callable[[bytes], bool] = lambda _: False  # for one from another realm
        self._served: dict[int, _Served] = {}  # by session id
        self._unreadable = set[bytes]()  # files, once each was told of
        self._deadlines: Deadlines[int] = Deadlines()
        self._due: dict[int, None] = {}  # session ids; who waited longest comes first

    def receive(self, peer: Peer, want: Want, now: float) -> None:
        """What somebody wants of a file. Raises PeerError for more than there is of it."""
        served = self._served.get(peer.key)
        if not want.ranges:
            self._drop(served, want.file)
            return
        size = served.sizes.get(want.file) if served is not None else None
        if size is None:
            size = self._size_for(peer, want.file)
        if size is None:
            self._deny(peer, want.file)
            return
        if served is None:
            served = self._served[peer.key] = _Served(peer, Supplier(), {})
        if len(served.sizes) >= MAX_SUPPLIED:
            served.sizes.clear()
        served.sizes[want.file] = size
        served.supplier.receive(want, size, now)
        self._watch(served)

    def _drop(self, served: _Served | None, file: bytes) -> None:
        if served is not None:
            served.supplier.drop(file)
            served.sizes.pop(file, None)

    def _size_for(self, peer: Peer, file: bytes) -> int | None:
        """None: it is not here, or not for them."""
        record = self._store.file(file)
        is_there = record is not None and not record.is_removed and self._shelf.has(file)
        return record.size if record is not None and is_there and self._may(peer, file) else None

    def _may(self, peer: Peer, file: bytes) -> bool:
        if peer.realm:
            return self._store.may_realm_read_file(file, peer.realm)
        return peer.member is not None and self._store.may_read_file(file, peer.member.person)

    def _is_coming(self, peer: Peer, file: bytes) -> bool:
        """From another realm, for them."""
        if peer.realm:
            return self._store.is_awaited_by_realm(file, peer.realm)
        return peer.member is not None and self._store.is_awaited_by(file, peer.member.person)

    def _deny(self, peer: Peer, file: bytes) -> None:
        self._drop(self._served.get(peer.key), file)
        record = self._store.file(file)
        why = Code.FILE_MISSING
        if record is not None and record.is_removed and self._may(peer, file):
            why = Code.FILE_REMOVED
        elif self._is_coming(peer, file):
            why = Code.NO_SPACE if self.lacks_room(file) else Code.FILE_COMING
        peer.session.queue(Want(file, 0, (), why).encode())
        self._wake(peer)

    def _watch(self, served: _Served) -> None:
        due = served.supplier.next_timer()
        if due is not None:
            self._deadlines.set(served.peer.key, due)

    def forget(self, peer: Peer) -> None:
        """The session has ended, or nobody is behind it any more."""
        self._served.pop(peer.key, None)
        self._due.pop(peer.key, None)
        self._deadlines.cancel(peer.key)

    # --- time ---

    def next_timer(self) -> float | None:
        return 0.0 if self._due else self._deadlines.next()

    def handle_timer(self, now: float) -> None:
        """Notes whose blocks are to go out when the turn ends."""
        self._due.update(dict.fromkeys(self._deadlines.take_due(now)))

    def take_bursts(self, now: float) -> Iterator[Burst]:
        """At the end of a turn, after everything that somebody says."""
        spent = 0
        while self._due and spent < TURN_BYTES:
            key = next(iter(self._due))
            del self._due[key]
            served = self._served[key]
            for plaintexts in self._pieces(served, now):
                spent += sum(map(len, plaintexts))
                served.peer.session.queue_plaintexts(plaintexts)
                yield from self._send(served.peer, now)
            self._watch(served)

    def _pieces(self, served: _Served, now: float) -> Iterator[list[bytes]]:
        """Each is sent before the next is read: so it stays in the processor's memory."""
        peer, path_size = served.peer, served.peer.session.path_size
        if served.supplier.take_vanishing():
            path_size.shrink(now)
        room = path_size.room
        runs = served.supplier.frames_due(now, room)
        readable = {file for file in {run.file for run in runs} if self._may(peer, file)}
        denied = set[bytes]()
        for file, first, blocks in runs:
            data = self._read(file, first, blocks) if file in readable else b""
            if not data and file not in denied:
                # removed meanwhile, or they left the last place where it was shared
                denied.add(file)
                self._deny(peer, file)
            yield pack_chunks(file, first, data, room)

    def _read(self, file: bytes, first: int, blocks: int) -> bytes:
        """Nothing of one that the disk cannot read: that is the end of this file, and no more."""
        try:
            return self._shelf.read(file, first, blocks)
        except StoreBrokenError:
            if file not in self._unreadable:
                self._unreadable.add(file)
                record = self._store.file(file)
                name = record.name if record is not None else ""
                kind, at = HappeningKind.FILE_UNREADABLE, self._wall_clock()
                self._report(Happened(kind, at, text=name))
            return b""

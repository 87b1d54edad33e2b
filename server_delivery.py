"""Delivery on the server: push what was committed, remind of heads, answer pulls, tell receipts.

Band: cores. Everything here speaks of entries that are on disk.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Iterable

from deadlines import Deadlines
from protocol import PeerError
from protocol_frames import Have, Heads, Pull, Reached, Typing, pack_frames
from records import Store, Stored
from replication_server import (
    FIRST_HEADS,
    HEADS_INTERVALS,
    Feed,
    entry_frames,
    first_heads_interval,
)
from server_peer import Peer
from server_rooms import Rooms
from settings import Limits

REACHED_INTERVAL = 0.2  # s
LAGGING_INTERVAL = 0.05  # s between reminders for who gets heads only
MAX_HAVE_PAIRS = 64
TYPING_INTERVAL = 2.7  # s; clients keep 3 s apart, and the network brings some together
SHRINK_AFTER = 3  # reminders without a HAVE make large datagrams suspect


class Delivery:
    """Knows which sessions follow which logs. ``wake`` says that a peer has something to send."""

    def __init__(
        self,
        rooms: Rooms,
        store: Store,
        limits: Limits,
        *,
        wake: Callable[[Peer], None],
        run: Callable[[Callable[[], object], Callable[[object, float], None]], None],
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._limits = limits
        self._wake = wake
        self._run = run
        self._followers: dict[int, dict[int, Peer]] = {}  # by conversation, then session id
        self._pushed_at: dict[int, float] = {}  # by conversation
        self._reminders: Deadlines[int] = Deadlines()  # by conversation
        self._receipts: Deadlines[int] = Deadlines()  # by conversation
        self._reached: dict[int, int] = {}
        self._pulled: dict[int, int] = {}  # bytes this turn, by session id
        self._pulled_at = 0.0  # which turn that is

    # --- who follows what ---

    def follow(
        self, peer: Peer, conversation: int, have: int, now: float, unreached: int = 0
    ) -> None:
        """From now on this session gets the log; it has everything up to ``have``.

        ``unreached``: entries up to this one may be its own, of an earlier session.
        """
        peer.feeds[conversation] = Feed(have, now)
        peer.feeds[conversation].unreached = unreached
        self._followers.setdefault(conversation, {})[peer.key] = peer
        self._reminders.set_earliest(conversation, now + HEADS_INTERVALS[0])

    def forget(self, peer: Peer) -> None:
        """The session has ended."""
        for conversation in peer.feeds:
            self._followers[conversation].pop(peer.key, None)
        peer.feeds.clear()
        self._pulled.pop(peer.key, None)

    def followers(self, conversation: int) -> Iterable[Peer]:
        """The sessions that get a log."""
        return self._followers.get(conversation, {}).values()

    # --- pushing ---

    def push(
        self, committed: Iterable[Stored], authors: dict[tuple[int, int], Peer], now: float
    ) -> None:
        """Sends what was just committed, once and best effort; packed once for all receivers."""
        frames: dict[int, list[bytes]] = {}  # by conversation
        newest: dict[int, dict[Peer | None, int]] = {}  # by conversation and author: their number
        for stored in committed:
            conversation, number = stored.conversation, stored.number
            if conversation not in frames:
                frames[conversation], newest[conversation] = [], {}
            frames[conversation] += self._rooms.take(stored)
            newest[conversation][authors.get((conversation, number))] = number
        for conversation in frames:
            self._push_batch(conversation, frames[conversation], newest[conversation], now)

    def _push_batch(
        self, conversation: int, frames: list[bytes], newest: dict[Peer | None, int], now: float
    ) -> None:
        log = self._rooms.log(conversation)
        assert log is not None
        packed: dict[int, list[bytes]] = {}  # by the room that paths have proved
        only_author = next(iter(newest)) if len(newest) == 1 else None
        for author, number in newest.items():
            if author is not None and conversation in author.feeds:
                author.feeds[conversation].unreached = number
        in_reach = log.within(self._limits.lag_bytes)
        for peer in self.followers(conversation):
            # POSTED tells an only author all it needs; whoever lags pulls at its own speed.
            if peer is not only_author and peer.feeds[conversation].have >= in_reach:
                room = peer.session.path_size.room
                if room not in packed:
                    packed[room] = pack_frames(frames, room)
                peer.session.queue_plaintexts(packed[room])
                self._wake(peer)
        self._pushed_at[conversation] = now
        self._reminders.set_earliest(conversation, now + FIRST_HEADS)
        self._receipts.set_earliest(conversation, now + REACHED_INTERVAL)

    # --- what clients report and ask ---

    def receive_have(self, peer: Peer, have: Have, now: float) -> None:
        """Raises PeerError for a number that does not exist yet."""
        for conversation, number in have.numbers[:MAX_HAVE_PAIRS]:
            feed, log = peer.feeds.get(conversation), self._rooms.log(conversation)
            if feed is None or log is None:
                continue
            if number > log.head:
                raise PeerError("HAVE beyond the head")
            if feed.report(number):
                self._receipts.set_earliest(conversation, now + REACHED_INTERVAL)

    def receive_pull(self, peer: Peer, pull: Pull, now: float) -> None:
        """Answers from memory, or lets the worker read; lowest first, at most so much a turn."""
        log, feed = self._rooms.log(pull.conversation), peer.feeds.get(pull.conversation)
        if log is None or feed is None:
            peer.session.queue(Heads(((pull.conversation, 0),)).encode())
            self._wake(peer)
            return
        last = min(pull.last, log.head)
        number, skipped = pull.first, pull.first_part
        if number <= last and not log.holds(number):
            self._read(peer, feed, pull.conversation, number, last)
            return
        if self._pulled_at != now:
            self._pulled_at = now
            self._pulled.clear()
        spent = self._pulled.get(peer.key, 0)
        while number <= last and spent < self._limits.pull_bytes:
            for frame in log.frames(number)[skipped:]:
                peer.session.queue(frame)
                spent += len(frame)
            number, skipped = number + 1, 0
        self._pulled[peer.key] = spent
        self._wake(peer)

    def _read(self, peer: Peer, feed: Feed, conversation: int, first: int, last: int) -> None:
        if feed.pulling:
            return
        feed.pulling = True

        def send(result: object, _: float) -> None:
            feed.pulling = False
            if isinstance(result, list) and peer.feeds.get(conversation) is feed:
                for stored in result:
                    for frame in entry_frames(stored):
                        peer.session.queue(frame)
                self._wake(peer)

        limit = self._limits.pull_bytes
        self._run(self._store.read_later(conversation, first, last, limit), send)

    def receive_typing(self, peer: Peer, typing: Typing, now: float) -> None:
        """Tells the others, at most once in a while."""
        if now - peer.last_typing < TYPING_INTERVAL or peer.member is None:
            return
        if typing.conversation not in peer.feeds:
            return
        peer.last_typing = now
        frame = Typing(typing.conversation, peer.member.person).encode()
        for other in self.followers(typing.conversation):
            if other is not peer:
                other.session.queue(frame)
                self._wake(other)

    # --- timers ---

    def next_timer(self) -> float | None:
        dues = (self._reminders.next(), self._receipts.next())
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Reminds of heads and tells receipts."""
        for conversation in self._reminders.take_due(now):
            self._remind(conversation, now)
        for conversation in self._receipts.take_due(now):
            self._tell_reached(conversation)

    def _remind(self, conversation: int, now: float) -> None:
        """Tells the head to those who have been behind for long enough, looks again for others."""
        log = self._rooms.log(conversation)
        assert log is not None
        in_reach = log.within(self._limits.lag_bytes)
        for peer in self.followers(conversation):
            feed = peer.feeds[conversation]
            if feed.have >= log.head:
                continue
            is_lagging = feed.have < in_reach
            due = self._reminder_due(conversation, peer, is_lagging=is_lagging)
            if due is not None and due <= now:
                self._tell_head(conversation, log.head, peer, now)
                due = self._reminder_due(conversation, peer, is_lagging=is_lagging)
            if due is not None:
                self._reminders.set_earliest(conversation, due)

    def _reminder_due(self, conversation: int, peer: Peer, *, is_lagging: bool) -> float | None:
        """When to tell somebody who is behind the head (again); None: with the next keepalive."""
        feed, pushed_at = peer.feeds[conversation], self._pushed_at.get(conversation, 0.0)
        if feed.reminded_at <= pushed_at:
            feed.reminders = 0
            if is_lagging:
                return feed.reminded_at + LAGGING_INTERVAL
            return pushed_at + first_heads_interval(peer.session.round_trip.smoothed)
        if feed.reminders > len(HEADS_INTERVALS):
            return None
        return feed.reminded_at + HEADS_INTERVALS[feed.reminders - 1]

    def _tell_head(self, conversation: int, head: int, peer: Peer, now: float) -> None:
        feed = peer.feeds[conversation]
        feed.reminders += 1
        feed.reminded_at = now
        if feed.reminders == SHRINK_AFTER:
            peer.session.path_size.shrink(now)
        peer.session.queue(Heads(((conversation, head),)).encode())
        self._wake(peer)

    def queue_heads(self, peer: Peer) -> bool:
        """HEADS of the logs that the peer has not reported to have; whether there are any."""
        behind: list[tuple[int, int]] = []
        for conversation, feed in peer.feeds.items():
            log = self._rooms.log(conversation)
            if log is not None and feed.have < log.head:
                behind.append((conversation, log.head))
        if behind:
            peer.session.queue(Heads(tuple(behind[:MAX_HAVE_PAIRS])).encode())
            self._wake(peer)
        return bool(behind)

    # --- receipts ---

    def _tell_reached(self, conversation: int) -> None:
        haves = [
            peer.feeds[conversation].have
            for peer in self.followers(conversation)
            if peer.member is not None and not peer.member.is_away
        ]
        reached, before = min(haves, default=0), self._reached.get(conversation, 0)
        if reached <= before:
            return
        self._reached[conversation] = reached
        frame = Reached(((conversation, reached),)).encode()
        for peer in self.followers(conversation):
            if peer.feeds[conversation].unreached > before:
                peer.session.queue(frame)
                self._wake(peer)

    def queue_reached(self, peer: Peer) -> None:
        """With a keepalive: the newest receipt for an author, in case it was lost."""
        for conversation, feed in peer.feeds.items():
            reached = self._reached.get(conversation, 0)
            if feed.unreached and reached:
                peer.session.queue(Reached(((conversation, reached),)).encode())
                if reached >= feed.unreached:
                    feed.unreached = 0

    def count_again(self, now: float) -> None:
        """Somebody came, went or fell silent: others may be the last to have something now."""
        for conversation in self._followers:
            self._receipts.set_earliest(conversation, now)

    def lacking(self, conversation: int, number: int) -> list[Peer]:
        """The present sessions that have not reported an entry."""
        return [
            peer for peer in self.followers(conversation) if peer.feeds[conversation].have < number
        ]

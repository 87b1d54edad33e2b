"""Delivery on the server: push what was committed, remind of heads, answer pulls, tell receipts.

Band: cores. Everything here speaks of entries that are on disk.
Source: docs/protocol.md.
"""

from collections.abc import Callable, Container, Iterable, Iterator

from conversation import ROOM
from deadlines import Deadlines
from protocol import MAX_PLAINTEXT, Burst, PeerError, RunJob
from protocol_frames import Have, Heads, Pull, Reached, ReadTo, Typing
from protocol_packing import pack_frames, pad
from records import Store, Stored
from replication_server import (
    FIRST_HEADS,
    HEADS_INTERVALS,
    Feed,
    entry_frames,
    first_heads_interval,
)
from server_peer import Member, Peer
from server_rooms import Rooms
from settings import Limits

REACHED_INTERVAL = 0.2  # s
LAGGING_INTERVAL = 0.05  # s between reminders for who gets heads only
MAX_HAVE_PAIRS = 64
LITTLE = 8  # entries: as many as may be sealed before they are on disk
TYPING_INTERVAL = 2.7  # s; clients keep 3 s apart, and the network brings some together
LEFT_REPEATS = 8  # keepalives that say again that a log is let go of: nothing else would
SHRINK_AFTER = 3  # reminders without a HAVE make large datagrams suspect


class Audience:
    """The sessions that follow one log. Forgotten with the last of them."""

    __slots__ = ("followers", "head", "pushed_at", "reached")

    def __init__(self, head: int) -> None:
        self.head = head  # as they were told
        self.followers: dict[int, Peer] = {}  # by session id
        self.pushed_at = float("-inf")
        self.reached = 0  # what everyone present has


class Delivery:
    """Knows which sessions follow which logs. ``wake`` says that a peer has something to send,
    ``sessions_of`` which sessions a person has now, ``share(conversation, now)`` that something was
    said there which other realms may read.
    """

    def __init__(
        self,
        rooms: Rooms,
        store: Store,
        limits: Limits,
        *,
        wake: Callable[[Peer], None],
        run: RunJob,
        sessions_of: Callable[[int], Iterable[Peer]],
        share: Callable[[int, float], None],
    ) -> None:
        self._rooms = rooms
        self._store = store
        self._limits = limits
        self._wake = wake
        self._run = run
        self._sessions_of = sessions_of
        self.share = share
        self._audiences: dict[int, Audience] = {}  # by conversation
        self._reminders: Deadlines[int] = Deadlines()  # by conversation
        self._receipts: Deadlines[int] = Deadlines()  # by conversation
        self._awaited: set[int] = set()  # conversations in which somebody may lack a receipt
        self._served: set[int] = set()  # session ids: what this turn commits is sealed for them
        self._pulled: dict[int, int] = {}  # bytes this turn, by session id
        self._pulled_at = 0.0  # which turn that is

    # --- who follows what; when nothing is written that is not on disk ---

    def follow(
        self, peer: Peer, conversation: int, have: int, now: float, unreached: int = 0
    ) -> None:
        """From now on this session gets the log; it has everything up to ``have``.

        ``unreached``: entries up to this one may be its own, of an earlier session.
        """
        audience = self._audiences.get(conversation)
        if audience is None:
            audience = self._audiences[conversation] = Audience(self._rooms.head(conversation))
        audience.followers[peer.key] = peer
        peer.left.pop(conversation, None)
        peer.feeds[conversation] = Feed(have, now)
        peer.feeds[conversation].unreached = unreached
        if unreached:
            self._awaited.add(conversation)
        self._reminders.set_earliest(conversation, now + HEADS_INTERVALS[0])

    def follow_on(
        self, peer: Peer, conversation: int, have: int, now: float, unreached: int = 0
    ) -> None:
        """The same, but a session that follows the log already goes on from where it is."""
        feed = peer.feeds.get(conversation)
        if feed is None:
            self.follow(peer, conversation, have, now, unreached)
        else:
            feed.report(have)

    def introduce(self, person: int, conversation: int, now: float) -> None:
        """Somebody's sessions follow a log that may be new to them: heads will be told until they
        have it.
        """
        for peer in self._sessions_of(person):
            if conversation not in peer.feeds:
                self.follow(peer, conversation, 0, now)

    def let_go(self, person: int, conversation: int) -> None:
        """Somebody is a member no longer: heads of zero say so, and nothing follows."""
        for peer in self._sessions_of(person):
            self.withdraw(peer, conversation)

    def withdraw(self, peer: Peer, conversation: int) -> None:
        """The same for one session."""
        if conversation in peer.feeds:
            self._unfollow(peer, conversation)
        peer.left[conversation] = LEFT_REPEATS
        self._tell(peer, Heads(((conversation, 0),)))

    def forget(self, peer: Peer) -> None:
        """The session has ended, or nobody is behind it any more."""
        peer.left.clear()
        for conversation in list(peer.feeds):
            self._unfollow(peer, conversation)
        self._pulled.pop(peer.key, None)

    def _unfollow(self, peer: Peer, conversation: int) -> None:
        del peer.feeds[conversation]
        followers = self._audiences[conversation].followers
        del followers[peer.key]
        if not followers:
            del self._audiences[conversation]
            self._reminders.cancel(conversation)
            self._receipts.cancel(conversation)
            self._awaited.discard(conversation)

    def followers(self, conversation: int) -> Iterable[Peer]:
        """The sessions that get a log."""
        audience = self._audiences.get(conversation)
        return audience.followers.values() if audience is not None else ()

    # --- pushing ---

    def seal(
        self, appended: tuple[Stored, ...], but_for: Container[int], now: float
    ) -> Iterator[Burst]:
        """What is being committed, if it is little, for all who get nothing else, one by one.

        None of it may be sent before it is on disk; then ``push`` does the rest.
        """
        self._served.clear()
        if len(appended) > LITTLE:
            return
        frames = [frame for stored in appended for frame in entry_frames(stored)]
        if not frames or sum(map(len, frames)) > MAX_PLAINTEXT:
            return
        conversation = appended[0].conversation
        if appended[0].number == 1 or any(s.conversation != conversation for s in appended):
            return  # of a new one nobody may know yet
        audience = self._audiences.get(conversation)
        if audience is None:
            return
        in_reach = self._in_reach(conversation, audience)
        plaintext = pad(b"".join(frames))
        for key, peer in audience.followers.items():
            if key not in but_for and peer.feeds[conversation].have >= in_reach:
                burst = peer.session.seal_alone(plaintext, now)
                if burst is not None:
                    self._served.add(key)
                    yield burst

    def push(
        self, committed: Iterable[Stored], authors: dict[tuple[int, int], Peer], now: float
    ) -> None:
        """Sends what was just committed, once and best effort; packed once for all receivers."""
        batches: dict[int, list[Stored]] = {}  # by conversation
        for stored in committed:
            batches.setdefault(stored.conversation, []).append(stored)
        for conversation, batch in batches.items():
            frames = self._rooms.take(conversation, batch)
            if batch[0].number == 1 and conversation != ROOM:  # until now it showed nowhere
                for person in self._rooms.members(conversation):
                    self.introduce(person, conversation, now)
            self.share(conversation, now)
            audience = self._audiences.get(conversation)
            if audience is not None:
                audience.head = batch[-1].number
                newest = {authors.get((conversation, s.number)): s.number for s in batch}
                self._push_batch(conversation, audience, frames, newest, now)
        self._served.clear()

    def _push_batch(
        self,
        conversation: int,
        audience: Audience,
        frames: list[bytes],
        newest: dict[Peer | None, int],  # by author
        now: float,
    ) -> None:
        packed: dict[int, list[bytes]] = {}  # by the room that paths have proved
        only_author = next(iter(newest)) if len(newest) == 1 else None
        for author, number in newest.items():
            if author is not None and conversation in author.feeds:
                author.feeds[conversation].unreached = number
                self._awaited.add(conversation)
        in_reach = self._in_reach(conversation, audience)
        for key, peer in audience.followers.items():
            if key in self._served:
                continue
            # POSTED tells an only author all it needs; whoever lags pulls at its own speed.
            if peer is not only_author and peer.feeds[conversation].have >= in_reach:
                room = peer.session.path_size.room
                if room not in packed:
                    packed[room] = pack_frames(frames, room)
                peer.session.queue_plaintexts(packed[room])
                self._wake(peer)
        audience.pushed_at = now
        self._reminders.set_earliest(conversation, now + FIRST_HEADS)
        self._receipts.set_earliest(conversation, now + REACHED_INTERVAL)

    def _in_reach(self, conversation: int, audience: Audience) -> int:
        """Who has less lags."""
        log = self._rooms.log(conversation)
        return log.within(self._limits.lag_bytes) if log is not None else audience.head

    def _tell(self, peer: Peer, frame: Heads | Reached | ReadTo | Typing) -> None:
        peer.session.queue(frame.encode())
        self._wake(peer)

    def tell_read(self, person: int, by: Peer, conversation: int, number: int) -> None:
        """Somebody has read so far, in one of their sessions: the others are told."""
        for peer in self._sessions_of(person):
            if peer is not by:
                self._tell(peer, ReadTo(conversation, number))

    # --- what clients report and ask ---

    def receive_have(self, peer: Peer, have: Have, now: float) -> None:
        """Raises PeerError for a number that does not exist yet."""
        for conversation, number in have.numbers[:MAX_HAVE_PAIRS]:
            feed = peer.feeds.get(conversation)
            if feed is None:
                continue
            if number > self._audiences[conversation].head:
                raise PeerError("HAVE beyond the head")
            if feed.report(number):
                self._receipts.set_earliest(conversation, now + REACHED_INTERVAL)

    def receive_pull(self, peer: Peer, pull: Pull, now: float) -> None:
        """Answers from memory, or lets the worker read; lowest first, at most so much a turn."""
        conversation, feed = pull.conversation, peer.feeds.get(pull.conversation)
        if feed is None:
            self._refuse(peer, conversation)
            return
        last = min(pull.last, self._audiences[conversation].head)
        number, skipped = pull.first, pull.first_part
        if number > last:
            return
        log = self._rooms.log(conversation)
        if log is None or not log.holds(number):
            self._read(peer, feed, conversation, number, last)
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

    def _refuse(self, peer: Peer, conversation: int) -> None:
        """Whoever is a member has come back, and will ask for LOGS before long."""
        if peer.realm:
            may_read = self._store.has_shared(peer.realm, conversation)
        else:
            may_read = peer.member is None or self._rooms.is_member(
                peer.member.person, conversation
            )
        if may_read:
            return
        self._tell(peer, Heads(((conversation, 0),)))

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
        """Tells the others of this realm, at most once in a while."""
        if now - peer.last_typing < TYPING_INTERVAL or peer.member is None:
            return
        if typing.conversation not in peer.feeds:
            return
        peer.last_typing = now
        frame = Typing(typing.conversation, peer.member.person)
        for other in self.followers(typing.conversation):
            if other.member is not peer.member and not other.realm:
                self._tell(other, frame)

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
        audience = self._audiences[conversation]
        in_reach = self._in_reach(conversation, audience)
        for peer in audience.followers.values():
            feed = peer.feeds[conversation]
            if feed.have >= audience.head:
                continue
            is_lagging = feed.have < in_reach
            due = _reminder_due(peer, feed, audience.pushed_at, is_lagging=is_lagging)
            if due is not None and due <= now:
                self._tell_head(conversation, audience.head, peer, now)
                due = _reminder_due(peer, feed, audience.pushed_at, is_lagging=is_lagging)
            if due is not None:
                self._reminders.set_earliest(conversation, due)

    def _tell_head(self, conversation: int, head: int, peer: Peer, now: float) -> None:
        feed = peer.feeds[conversation]
        feed.reminders += 1
        feed.reminded_at = now
        if feed.reminders == SHRINK_AFTER:
            peer.session.path_size.shrink(now)
        self._tell(peer, Heads(((conversation, head),)))

    def queue_heads(self, peer: Peer) -> bool:
        """HEADS of the logs that the peer has not reported to have, or has let go of; whether
        there are any."""
        behind = [
            (conversation, head)
            for conversation, feed in peer.feeds.items()
            if feed.have < (head := self._audiences[conversation].head)
        ]
        heads = self._farewells(peer) + behind
        if heads:
            self._tell(peer, Heads(tuple(heads[:MAX_HAVE_PAIRS])))
        return bool(heads)

    def _farewells(self, peer: Peer) -> list[tuple[int, int]]:
        """Heads of zero, again: no later frame would show that one of them was lost."""
        told = list(peer.left)[: MAX_HAVE_PAIRS // 2]
        for conversation in told:
            peer.left[conversation] -= 1
            if not peer.left[conversation]:
                del peer.left[conversation]
        return [(conversation, 0) for conversation in told]

    # --- receipts ---

    def _tell_reached(self, conversation: int) -> None:
        audience = self._audiences[conversation]
        haves: dict[int, int] = {}  # by person: with any of their sessions is with them
        for peer in audience.followers.values():
            member = peer.member
            if member is not None and not member.is_away:
                have = peer.feeds[conversation].have
                haves[member.person] = max(have, haves.get(member.person, 0))
        reached = min([*haves.values(), *self._realms_have(conversation)], default=0)
        before = audience.reached
        if reached >= audience.head:
            self._awaited.discard(conversation)
        if reached <= before:
            return
        audience.reached = reached
        frame = Reached(((conversation, reached),))
        for peer in audience.followers.values():
            if peer.feeds[conversation].unreached > before:
                self._tell(peer, frame)

    def _realms_have(self, conversation: int) -> list[int]:
        """How far the realm of whoever is on the other end of a private conversation has it, for
        good; whether they are there, nobody knows here."""
        realms = self._store.realms_of(conversation)
        record = self._store.conversation(conversation) if realms else None
        if record is None or record.pair is None:
            return []
        return [self._store.realm_has(realm, conversation) for realm in realms]

    def queue_reached(self, peer: Peer) -> None:
        """With a keepalive: the newest receipt for an author, in case it was lost."""
        for conversation, feed in peer.feeds.items():
            reached = self._audiences[conversation].reached
            if feed.unreached and reached:
                self._tell(peer, Reached(((conversation, reached),)))
                if reached >= feed.unreached:
                    feed.unreached = 0

    def count_again(self, now: float) -> None:
        """Somebody came, went or fell silent: others may be the last to have something now."""
        for conversation in self._awaited:
            self._receipts.set_earliest(conversation, now)

    def lacking(self, conversation: int, number: int) -> list[Member]:
        """Who is present and has reported an entry from no session."""
        lacking: dict[int, Member] = {}
        having: set[int] = set()
        for peer in self.followers(conversation):
            if peer.member is None:
                continue
            if peer.feeds[conversation].have < number:
                lacking[peer.member.person] = peer.member
            else:
                having.add(peer.member.person)
        return [member for person, member in lacking.items() if person not in having]


def _reminder_due(peer: Peer, feed: Feed, pushed_at: float, *, is_lagging: bool) -> float | None:
    """When to tell somebody who is behind the head (again); None: with the next keepalive."""
    if feed.reminded_at <= pushed_at:
        feed.reminders = 0
        if is_lagging:
            return feed.reminded_at + LAGGING_INTERVAL
        return pushed_at + first_heads_interval(peer.session.round_trip.smoothed)
    if feed.reminders > len(HEADS_INTERVALS):
        return None
    return feed.reminded_at + HEADS_INTERVALS[feed.reminders - 1]

"""A link to another realm while it stands: the session, whichever end called, and asking over it.

Band: cores. Plain state, owned by the core. Beside it what a realm may do here in a while, however
often its link comes and goes.
"""

from collections.abc import Callable

from protocol import Verb
from protocol_frames import Chunk, EntryPart, Have, Heads, Pull, Response, Want
from protocol_guards import TokenBucket
from protocol_requests import Answer, Fields, Requester
from server_peer import Peer
from settings import Limits

MOST_ASKED = 64  # questions without an answer: until then no more is asked for people
ENTRIES_DEBT = 4.0  # s of the rate: what a PULL brings may come all at once
COMPARED_RATE = 5_000.0  # entries of ours a second, read because a log of theirs is another one
COMPARED_BURST = 1_000_000.0

OfLinks = Heads | EntryPart | Pull | Have | Want | Chunk  # beside requests
Then = Callable[[Answer, float], None]


class RealmPeer:
    """One realm, one session; a new session is a new one of these.

    ``peer.realm`` is ``realm``, so that a session tells what is behind it.
    """

    __slots__ = ("_asked", "is_called", "name", "peer", "realm", "requester")

    def __init__(
        self, realm: int, name: str, peer: Peer, requester: Requester, *, is_called: bool
    ) -> None:
        self.realm = realm  # of its RealmRecord
        self.name = name  # what it is called here
        self.peer = peer
        self.requester = requester
        self.is_called = is_called  # by that realm; else we called
        self._asked: dict[int, Then] = {}

    @property
    def is_mute(self) -> bool:
        """Whether it has left so much without an answer that more would only pile up."""
        return len(self._asked) >= MOST_ASKED

    def ask(self, verb: Verb, fields: Fields, then: Then, now: float) -> None:
        """The answer arrives once, or never if the link goes."""
        self._asked[self.requester.ask(verb, fields, now)] = then

    def receive(self, response: Response, now: float) -> None:
        """A part of an answer. Raises PeerError."""
        answer = self.requester.receive(response)
        if answer is not None:
            self._asked.pop(answer.request)(answer, now)


class RealmBounds:
    """What one realm may make us do. It outlives links: a new one begins with nothing."""

    def __init__(self, limits: Limits) -> None:
        self._rate = limits.realm_rate
        self._entries = 2.0 * limits.realm_rate  # that may be taken now; below 0: too many were
        self._entries_at: float | None = None
        self.contacts = TokenBucket(limits.realm_contacts / 60.0, limits.realm_contacts)
        self.compared = TokenBucket(COMPARED_RATE, COMPARED_BURST)

    def entries(self, now: float) -> float:
        """How many more may be asked for."""
        if self._entries_at is not None:
            gained = self._rate * (now - self._entries_at)
            self._entries = min(2.0 * self._rate, self._entries + gained)
        self._entries_at = now
        return self._entries

    def take_entry(self, now: float) -> bool:
        """One has come; whether it may be taken."""
        if self.entries(now) <= -ENTRIES_DEBT * self._rate:
            return False
        self._entries -= 1.0
        return True

    def entries_from(self, now: float) -> float:
        """When there is one to be asked for again."""
        return now + max(0.0, 1.0 - self.entries(now)) / self._rate

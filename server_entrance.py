"""Between handshake and room: the password exchange, with its limits on guessing.

Band: cores. Answers go out on a fixed tick, so that the time our arithmetic takes tells nothing.
Source: docs/protocol.md.
"""

import math
from collections import deque
from collections.abc import Callable
from functools import partial

from auth import Guessing
from entering import Step
from protocol import Code, PeerError, Verb
from protocol_requests import Fields
from records import GuessRecord
from server_peer import Peer

TICK = 0.025  # s

Answerer = Callable[[Peer, int, Code, Fields], None]


class Entrance:
    """Serves PAKE1 and PAKE2. ``guard(peer, act, now)`` does what a peer's fault may end.

    ``prs`` is None until the password has been worked out.
    """

    def __init__(
        self,
        *,
        random_bytes: Callable[[int], bytes],
        answer: Answerer,
        on_wrong_password: Callable[[Peer, float], None],
        guard: Callable[[Peer, Callable[[], None], float], None],
    ) -> None:
        self._random_bytes = random_bytes
        self._answer = answer
        self._on_wrong_password = on_wrong_password
        self._guard = guard
        self._prs: bytes | None = None
        self._early: list[tuple[Peer, int, Fields]] = []  # PAKE1 before the password was ready
        self._queued: dict[int, tuple[Peer, int, Fields]] = {}  # PAKE2 that wait for their turn
        self._ticked: deque[tuple[float, Peer, int, Code, Fields]] = deque()  # first due first
        self.guessing = Guessing()

    def set_prs(self, prs: bytes, now: float) -> None:
        """The room's password is ready; whoever asked already is answered."""
        self._prs = prs
        early, self._early = self._early, []
        for peer, request, fields in early:
            self._guard(peer, partial(self._share, peer, request, fields, now), now)

    def is_queued(self, peer: Peer) -> bool:
        """Whether a peer waits for its turn to be verified."""
        return self.guessing.is_queued(peer.key)

    def receive(self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Serves a PAKE request. Raises PeerError."""
        if verb is Verb.PAKE1:
            self._share(peer, request, fields, now)
        elif peer.entering.step is not Step.SHARED:
            raise PeerError("PAKE2 out of turn")
        elif (wait := self.guessing.wait_for(peer.host, now)) > 0:
            peer.entering.step = Step.FRESH
            self._later(peer, request, Code.TOO_MANY_GUESSES, {"wait": math.ceil(wait)}, now)
        elif self.guessing.admit(peer.host, peer.key, now):
            self._check(peer, request, fields, now)
        else:
            self._queued[peer.key] = (peer, request, fields)

    def forget(self, peer: Peer) -> None:
        """The session has ended."""
        self.guessing.forget(peer.key)
        self._queued.pop(peer.key, None)
        self._early = [early for early in self._early if early[0] is not peer]
        self._ticked = deque(ticked for ticked in self._ticked if ticked[1] is not peer)

    def next_timer(self) -> float | None:
        ticked = self._ticked[0][0] if self._ticked else None
        dues = (self.guessing.next_timer(), ticked)
        return min((due for due in dues if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Serves whose turn has come and sends what the tick held back."""
        for key in self.guessing.served(now):
            queued = self._queued.pop(key)
            self._guard(queued[0], partial(self._check, *queued, now), now)
        while self._ticked and self._ticked[0][0] <= now:
            _, peer, request, code, fields = self._ticked.popleft()
            self._answer(peer, request, code, fields)

    def guesses(self, now: float, at: int) -> list[GuessRecord]:
        """What must survive a restart."""
        return [GuessRecord(*failures) for failures in self.guessing.dump(now, at)]

    def _share(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        if self._prs is None:
            self._early.append((peer, request, fields))
            return
        answer = peer.entering.share(fields, self._prs, self._random_bytes(32))
        self._later(peer, request, Code.OK, answer, now)

    def _check(self, peer: Peer, request: int, fields: Fields, now: float) -> None:
        answer = peer.entering.check(fields)
        if answer is not None:
            self._later(peer, request, Code.OK, answer, now)
            return
        self.guessing.failed(peer.host, now)
        self._on_wrong_password(peer, now)
        self._later(peer, request, Code.WRONG_PASSWORD, {}, now)

    def _later(self, peer: Peer, request: int, code: Code, fields: Fields, now: float) -> None:
        due = (math.floor(now / TICK) + 1) * TICK
        self._ticked.append((due, peer, request, code, fields))

"""Between handshake and room: the password exchange, with its limits on guessing.

Band: cores. Answers go out on a fixed tick, so that the time our arithmetic takes tells nothing.
Source: docs/protocol.md.
"""

import math
from collections.abc import Callable
from functools import partial

from auth import Guessing
from entering import Step
from protocol import Code, Verb
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
        on_wrong_password: Callable[[Peer], None],
        guard: Callable[[Peer, Callable[[], None], float], None],
    ) -> None:
        self._random_bytes = random_bytes
        self._answer = answer
        self._on_wrong_password = on_wrong_password
        self._guard = guard
        self._prs: bytes | None = None
        self._early: list[tuple[Peer, int, Fields]] = []  # PAKE1 before the password was ready
        self._queued: dict[int, tuple[Peer, int, Fields]] = {}  # PAKE2 that wait for their turn
        self._ticked: list[tuple[Peer, int, Code, Fields]] = []
        self._tick_due: float | None = None
        self.guessing = Guessing()

    def set_prs(self, prs: bytes, now: float) -> None:
        """The room's password is ready; whoever asked already is answered."""
        self._prs = prs
        early, self._early = self._early, []
        for peer, request, fields in early:
            self._guard(peer, partial(self._share, peer, request, fields, now), now)

    def is_queued(self, peer: Peer) -> bool:
        """Whether a peer waits for its turn to be verified."""
        return peer.key in self._queued

    def receive(self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Serves a PAKE request. Raises PeerError."""
        if verb is Verb.PAKE1:
            self._share(peer, request, fields, now)
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
        self._ticked = [ticked for ticked in self._ticked if ticked[0] is not peer]

    def next_timer(self) -> float | None:
        served = self.guessing.next_timer() if self._queued else None
        return min((due for due in (served, self._tick_due) if due is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Serves whose turn has come and sends what the tick held back."""
        for key in self.guessing.served(now):
            queued = self._queued.pop(key, None)
            if queued is not None:
                self._guard(queued[0], partial(self._check, *queued, now), now)
        if self._tick_due is not None and self._tick_due <= now:
            ticked, self._ticked, self._tick_due = self._ticked, [], None
            for answer in ticked:
                self._answer(*answer)

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
        self._on_wrong_password(peer)
        self._later(peer, request, Code.WRONG_PASSWORD, {}, now)

    def _later(self, peer: Peer, request: int, code: Code, fields: Fields, now: float) -> None:
        self._ticked.append((peer, request, code, fields))
        self._tick_due = (math.floor(now / TICK) + 1) * TICK

"""Requests inside a session: asked until answered, executed in order and at most once.

Band: exchanges. Knows neither what is asked nor how it is sent.
Source: docs/protocol.md.
"""

import re
from dataclasses import dataclass

from protocol import (
    MAX_REQUEST_JSON,
    MAX_RESPONSE,
    RESPONSE_PART,
    Code,
    JsonValue,
    LocalError,
    PeerError,
    Verb,
    decode_object,
    encode_object,
)
from protocol_frames import Request, Response, split_parts
from protocol_guards import RoundTrip

FORGET_AFTER = 30.0  # s in which a client that lacks an answer asks again, whatever gets lost
MAX_AHEAD = 16  # requests beyond the oldest unanswered one: held early, and answers kept for them

Fields = dict[str, JsonValue]


@dataclass(slots=True)
class _Open:
    verb: Verb
    frame: bytes
    due: float
    tries: int
    parts: dict[int, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. An unknown code means what BAD_REQUEST means."""

    request: int
    verb: Verb
    code: Code
    fields: Fields


class Requester:
    """The asking end."""

    def __init__(self) -> None:
        self._next = 1
        self._open: dict[int, _Open] = {}

    def ask(self, verb: Verb, fields: Fields, now: float) -> int:
        """Numbers and queues a request; ``frames_due`` gives it out at once and again later."""
        body = encode_object(fields)
        if len(body) > MAX_REQUEST_JSON:
            raise LocalError("request is too large")
        request = self._next
        self._next += 1
        frame = Request(request, verb, body).encode()
        self._open[request] = _Open(verb, frame, now, 0, {})
        return request

    @property
    def is_waiting(self) -> bool:
        return bool(self._open)

    def next_timer(self) -> float | None:
        return min((open_.due for open_ in self._in_flight()), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """The requests to send (again) now."""
        frames: list[bytes] = []
        for open_ in self._in_flight():
            if open_.due <= now:
                frames.append(open_.frame)
                open_.due = now + round_trip.resend_after(open_.tries, silent)
                open_.tries += 1
        return frames

    def _in_flight(self) -> list[_Open]:
        """What may be asked now: no answer must be forgotten before its request is."""
        beyond = next(iter(self._open), self._next) + MAX_AHEAD
        return [open_ for request, open_ in self._open.items() if request < beyond]

    def receive(self, response: Response) -> Answer | None:
        """The whole answer once all its parts are there; None before, or for an unknown request."""
        open_ = self._open.get(response.request)
        if open_ is None:
            return None
        open_.parts[response.part] = response.fields
        if len(open_.parts) < response.parts:
            return None
        body = b"".join(open_.parts.get(part, b"") for part in range(response.parts))
        fields = decode_object(body)
        del self._open[response.request]
        try:
            code = Code(response.code)
        except ValueError:
            code = Code.BAD_REQUEST
        return Answer(response.request, open_.verb, code, fields)


class Responder:
    """The answering end. One request runs at a time; it is over when ``answer`` is called."""

    def __init__(self) -> None:
        self._running: int | None = None
        self._taken = 0  # all up to this one are answered, or the last of them is running
        self._early: dict[int, Request] = {}
        self._answers: dict[int, list[bytes]] = {}
        self._stale: set[int] = set()  # not asked for again since ``_aged_at``
        self._aged_at = float("-inf")

    def age(self, now: float) -> None:
        """Now and then: what the client did not ask for again since the last time, it has.

        It repeats open requests at least every 3 s, and answers of 16 kB would stay in memory.
        """
        if now < self._aged_at + FORGET_AFTER:  # keepalives that get lost come in quick succession
            return
        self._aged_at = now
        for request in self._stale:
            self._answers.pop(request, None)
        self._stale = set(self._answers)

    def receive(self, request: Request) -> list[bytes]:
        """Takes a request, or gives the frames of the answer it had before."""
        if request.request <= self._taken:
            self._stale.discard(request.request)
            return self._answers.get(request.request, [])
        if request.request <= self._taken + MAX_AHEAD:
            self._early.setdefault(request.request, request)
        return []

    def next_request(self) -> tuple[int, int, Fields] | None:
        """Number, verb and fields of the request whose turn it is, if none is running.

        Raises PeerError for bad JSON.
        """
        if self._running is not None:
            return None
        request = self._early.pop(self._taken + 1, None)
        if request is None:
            return None
        self._running = self._taken = request.request
        return request.request, request.verb, decode_object(request.fields)

    @property
    def has_next(self) -> bool:
        """Whether a request came early whose turn it is now."""
        return self._running is None and self._taken + 1 in self._early

    def answer(self, request: int, code: Code, fields: Fields) -> list[bytes]:
        """The frames of the answer; remembered for repeats."""
        if self._running != request:
            raise LocalError("an answer to a request that is not running")
        body = encode_object(fields)
        if len(body) > MAX_RESPONSE:
            raise LocalError("response is too large")
        parts = split_parts(body, RESPONSE_PART)
        frames = [
            Response(request, part, len(parts), code, piece).encode()
            for part, piece in enumerate(parts)
        ]
        self._running = None
        self._answers[request] = frames
        self._answers.pop(request - MAX_AHEAD, None)
        return frames


def hex_field(fields: Fields, name: str, size: int) -> bytes:
    """``size`` bytes that a field holds as lower-case hex. Raises PeerError."""
    value = fields.get(name)
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{2 * size}}}", value):
        raise PeerError("bad field in a request")  # fromhex alone would skip spaces
    return bytes.fromhex(value)


def text_field(fields: Fields, name: str) -> str:
    """Raises PeerError if the field is no text."""
    value = fields.get(name)
    if not isinstance(value, str):
        raise PeerError("bad field in a request")
    return value


def number_field(fields: Fields, name: str) -> int:
    """A whole number from 0 to 2^63 - 1. Raises PeerError."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 63:
        raise PeerError("bad field in a request")
    return value


def list_field(fields: Fields, name: str) -> list[JsonValue]:
    """Raises PeerError if the field is no list."""
    value = fields.get(name)
    if not isinstance(value, list):
        raise PeerError("bad field in a request")
    return value

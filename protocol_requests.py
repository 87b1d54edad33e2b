"""Requests inside a session: asked until answered, executed in order and at most once.

Band: exchanges. Knows neither what is asked nor how it is sent.
Source: docs/protocol.md.
"""

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

MAX_EARLY = 16  # requests held that came before their turn
KEPT_ANSWERS = 16  # repeated to whoever asks again; a client has fewer requests open than that

Fields = dict[str, JsonValue]


@dataclass(slots=True)
class _Open:
    verb: Verb
    frame: bytes
    sent: float
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
        self._open[request] = _Open(verb, frame, now, now, 0, {})
        return request

    @property
    def is_waiting(self) -> bool:
        return bool(self._open)

    def next_timer(self) -> float | None:
        return min((open_.due for open_ in self._open.values()), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip, silent: bool) -> list[bytes]:
        """The requests to send (again) now."""
        frames: list[bytes] = []
        for open_ in self._open.values():
            if open_.due <= now:
                frames.append(open_.frame)
                open_.due = now + round_trip.resend_after(open_.tries, silent)
                open_.tries += 1
        return frames

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
        self._running: Request | None = None
        self._done = 0  # all up to this one are answered
        self._early: dict[int, Request] = {}
        self._answers: dict[int, list[bytes]] = {}

    def receive(self, request: Request) -> list[bytes]:
        """Takes a request, or gives the frames of the answer it had before."""
        if request.request <= self._done:
            return self._answers.get(request.request, [])
        if request.request <= self._done + MAX_EARLY:
            self._early.setdefault(request.request, request)
        return []

    def next_request(self) -> tuple[int, int, Fields] | None:
        """Number, verb and fields of the request whose turn it is, if none is running.

        Raises PeerError for bad JSON.
        """
        if self._running is not None:
            return None
        request = self._early.pop(self._done + 1, None)
        if request is None:
            return None
        self._running = request
        return request.request, request.verb, decode_object(request.fields)

    @property
    def has_next(self) -> bool:
        """Whether a request came early whose turn it is now."""
        return self._running is None and self._done + 1 in self._early

    def answer(self, request: int, code: Code, fields: Fields) -> list[bytes]:
        """The frames of the answer; remembered for repeats."""
        if self._running is None or self._running.request != request:
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
        self._done = request
        self._answers[request] = frames
        self._answers.pop(request - KEPT_ANSWERS, None)
        return frames


def hex_field(fields: Fields, name: str, size: int) -> bytes:
    """``size`` bytes that a field holds as lower-case hex. Raises PeerError."""
    value = fields.get(name)
    if not isinstance(value, str) or len(value) != 2 * size:
        raise PeerError("bad field in a request")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise PeerError("bad field in a request") from None


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

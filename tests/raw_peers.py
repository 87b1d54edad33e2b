"""Peers made by hand, one frame at a time: what no honest program does, but an attacker would.

They speak the real handshake and seal real datagrams, so what they send is believed to be genuine
up to the point that a test is about.
"""

from collections.abc import Callable
from contextlib import suppress

from simulated_network import Address, Network
from simulated_nodes import Stranger, cached_prs

from crypto import x25519_public
from entering import ClientEntering, EnterAnswer, EnterRequest
from protocol import (
    Code,
    DatagramType,
    Init,
    PeerError,
    RespPayload,
    Verb,
    datagram_type,
    decode_data_header,
    decode_object,
    encode_object,
)
from protocol_frames import Frame, Request, Response, decode_frames
from protocol_handshake import ClientHandshake, SessionKeys, answer_init
from protocol_requests import Answer, Fields, Requester
from protocol_session import Session


class RawClient(Stranger):
    """A client without manners. Each step lets time pass until its answer is there."""

    session: Session

    def __init__(
        self,
        name: str,
        address: Address,
        network: Network,
        *,
        server: Address,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        super().__init__(name, address, network)
        self.server = server
        self.frames: list[Frame] = []
        self.answers: list[Answer] = []
        self.payload: RespPayload | None = None
        self.person = 0
        self._random_bytes = random_bytes
        self._requester = Requester()
        self._handshake: ClientHandshake | None = None

    def arrive(self, datagram: bytes, source: Address) -> None:
        super().arrive(datagram, source)
        kind = datagram_type(datagram)
        if kind is DatagramType.RETRY and self._handshake is not None:
            if self._handshake.receive_retry(datagram):
                self.send(self._handshake.init(), self.server)
        elif kind is DatagramType.RESP and self._handshake is not None:
            self._begin(*self._handshake.receive_resp(datagram))
        elif kind is DatagramType.DATA_TO_CLIENT and self.payload is not None:
            self._open(datagram, source)

    def shake_hands(self, within: float = 2.0) -> bool:
        """Whether the server made a session with us."""
        self.payload = None
        self._requester = Requester()
        self._handshake = ClientHandshake(self._random_bytes)
        self.send(self._handshake.init(), self.server)
        self.network.run_until(self.network.now + within, lambda: self.payload is not None)
        return self.payload is not None

    def ask(self, verb: int, fields: Fields, within: float = 2.0) -> Answer | None:
        """The answer to one request; None if there is none."""
        before = len(self.answers)
        self._requester.ask(Verb(verb), fields, self.network.now)
        self._send_requests()
        self.network.run_until(self.network.now + within, lambda: len(self.answers) > before)
        return self.answers[-1] if len(self.answers) > before else None

    def prove(self, password: str, within: float = 2.0) -> Code | None:
        """How the server took our proof of the password; None if it said nothing."""
        assert self.payload is not None
        entering = ClientEntering(
            handshake_hash=self.session.handshake_hash,
            server_key=self.session.server_key,
            prs=cached_prs(password, self.payload.room_id),
            random_bytes=self._random_bytes,
        )
        step: tuple[Verb, Fields] | None = entering.first()
        while step is not None:
            answer = self.ask(*step, within)
            if answer is None or answer.code is not Code.OK:
                return None if answer is None else answer.code
            step = entering.receive(answer)
        return Code.OK

    def enter(self, name: str, password: str) -> EnterAnswer:
        """All the way in."""
        assert self.shake_hands()
        assert self.prove(password) is Code.OK
        once, stream = self._random_bytes(16), self._random_bytes(16)
        request = EnterRequest(once, stream, name, None, ())
        answer = self.ask(Verb.ENTER, request.encode())
        assert answer is not None
        assert answer.code is Code.OK
        entered = EnterAnswer.decode(answer.fields)
        self.person = entered.person
        return entered

    def send_frames(self, *frames: bytes, source: Address | None = None) -> None:
        """Sealed by us, perhaps under a forged source address."""
        for frame in frames:
            self.session.queue(frame)
        for burst in self.session.take_bursts(self.network.now):
            for datagram in burst.datagrams:
                self.send(datagram, self.server, source)

    def seal(self, *frames: bytes) -> bytes:
        """One datagram as we would send it, kept back."""
        for frame in frames:
            self.session.queue(frame)
        (burst,) = self.session.take_bursts(self.network.now)
        (datagram,) = burst.datagrams
        return datagram

    def _begin(self, keys: SessionKeys, payload: RespPayload) -> None:
        self.session = Session(
            keys,
            is_server=False,
            address=self.server,
            random_bytes=self._random_bytes,
            now=self.network.now,
        )
        self.payload = payload

    def _open(self, datagram: bytes, source: Address) -> None:
        session_id, number = decode_data_header(datagram)
        if session_id != self.session.receive_id:
            return
        plaintext = self.session.open(datagram, number, source, self.network.now)
        for frame in decode_frames(plaintext) if plaintext is not None else []:
            self.frames.append(frame)
            if isinstance(frame, Response):
                answer = self._requester.receive(frame)
                if answer is not None:
                    self.answers.append(answer)

    def _send_requests(self) -> None:
        now = self.network.now
        self.send_frames(*self._requester.frames_due(now, self.session.round_trip, False))


class SturdyClient(RawClient):
    """One that lives among disasters: what is broken on the way is dropped."""

    def arrive(self, datagram: bytes, source: Address) -> None:
        with suppress(PeerError):
            super().arrive(datagram, source)


class RawServer(Stranger):
    """A server with a key of its own that answers as the test tells it.

    ``on_request`` gives the code and fields of each answer; None: no answer.
    """

    def __init__(
        self,
        name: str,
        address: Address,
        network: Network,
        *,
        random_bytes: Callable[[int], bytes],
        room_id: bytes = bytes(16),
        on_request: Callable[[int, Fields], tuple[Code, Fields] | None] = lambda verb, fields: None,
    ) -> None:
        super().__init__(name, address, network)
        self.static_private = random_bytes(32)
        self.key = x25519_public(self.static_private)
        self.room_id = room_id
        self.on_request = on_request
        self.sessions: dict[int, Session] = {}
        self.reset_token = b""  # of the newest
        self.frames: list[Frame] = []  # all that any client sent inside a session
        self._random_bytes = random_bytes
        self._answered: set[tuple[int, int]] = set()

    def arrive(self, datagram: bytes, source: Address) -> None:
        super().arrive(datagram, source)
        kind = datagram_type(datagram)
        if kind is DatagramType.INIT:
            self._answer_init(Init.decode(datagram), source)
        elif kind is DatagramType.DATA_TO_SERVER:
            self._open(datagram, source)

    def _answer_init(self, init: Init, source: Address) -> None:
        session_id = int.from_bytes(self._random_bytes(8), "big") or 1
        self.reset_token = self._random_bytes(16)
        payload = RespPayload(session_id, self.room_id, self.reset_token, 1, "Kelas 7B")
        resp, keys = answer_init(
            init,
            payload,
            static_private=self.static_private,
            server_key=self.key,
            random_bytes=self._random_bytes,
        )
        self.sessions[session_id] = Session(
            keys,
            is_server=True,
            address=source,
            random_bytes=self._random_bytes,
            now=self.network.now,
        )
        self.send(resp, source)

    def _open(self, datagram: bytes, source: Address) -> None:
        session_id, number = decode_data_header(datagram)
        session = self.sessions.get(session_id)
        if session is None:
            return
        plaintext = session.open(datagram, number, source, self.network.now)
        for frame in decode_frames(plaintext) if plaintext is not None else []:
            self.frames.append(frame)
            if isinstance(frame, Request):
                self._answer(session_id, session, frame)

    def _answer(self, session_id: int, session: Session, request: Request) -> None:
        if (session_id, request.request) in self._answered:
            return
        self._answered.add((session_id, request.request))
        try:
            answer = self.on_request(request.verb, decode_object(request.fields))
        except PeerError:
            return
        self._newest = session, request.request
        if answer is not None:
            self.answer_last(*answer)

    def answer_last(self, code: Code, fields: Fields) -> None:
        """Answers the newest request, whenever the test wants."""
        session, request = self._newest
        session.queue(Response(request, 0, 1, code, encode_object(fields)).encode())
        for burst in session.take_bursts(self.network.now):
            for datagram in burst.datagrams:
                self.send(datagram, burst.address)

    @property
    def requests(self) -> list[Request]:
        """All requests that any client made."""
        return [frame for frame in self.frames if isinstance(frame, Request)]

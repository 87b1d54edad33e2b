"""A client's link in a world of its own: a clock, and a server that answers when a test says so."""

import os
from collections.abc import Callable

from crypto import x25519_public
from protocol import (
    Address,
    DatagramType,
    Init,
    RespPayload,
    datagram_type,
    decode_data_header,
)
from protocol_frames import Frame, Ping, decode_frames
from protocol_handshake import SessionKeys, answer_init
from protocol_link import Link
from protocol_session import Session
from settings import Limits

SERVER, ELSEWHERE, CLIENT = ("10.0.0.1", 8083), ("10.0.9.9", 9), ("10.0.0.2", 50_000)
STATIC = b"\1" * 32
TOKEN = b"reset token....."
LIMITS = Limits()


def kind(datagram: bytes) -> DatagramType:
    return datagram_type(datagram)


class World:
    """A link, the server it speaks to, and everything the link told its owner."""

    def __init__(self, *, limits: Limits = LIMITS, is_welcome: bool = True) -> None:
        self.now = 1_000.0
        self.told: list[object] = []
        self.sent: list[bytes] = []  # not yet looked at by the server
        self.heard: list[Frame] = []  # what the server got
        self.server: Session | None = None
        self.session_id = 40
        self.on_frame: Callable[[Frame], None] = self.told.append
        self.link = Link(
            random_bytes=os.urandom,
            limits=limits,
            open_session=self._open_session,
            session_ready=lambda now: self.told.append("ready"),
            receive_frame=lambda frame, now: self.on_frame(frame),
            closed=lambda close, now: self.told.append(close),
            unanswered=lambda now: self.told.append("unanswered"),
        )
        self._is_welcome = is_welcome

    def _open_session(self, payload: RespPayload, key: bytes, now: float) -> bool:
        self.told.append((payload.room_name, key))
        return self._is_welcome

    def connect(self) -> None:
        """Up to an open session; the link's first PING has been answered."""
        self.link.connect(SERVER, self.now)
        self.turn()
        self.shake_hands()
        self.link.handle_timer(self.now)
        self.turn()
        self.serve()

    def turn(self) -> list[bytes]:
        """Ends the link's turn; the datagrams that went out."""
        bursts = self.link.take_bursts(self.now)
        assert {burst.address for burst in bursts} <= {SERVER}
        datagrams = [datagram for burst in bursts for datagram in burst.datagrams]
        self.sent += datagrams
        return datagrams

    def resp(self) -> bytes:
        """The server's RESP to the newest INIT."""
        init = Init.decode([one for one in self.sent if kind(one) is DatagramType.INIT][-1])
        self.session_id += 1
        payload = RespPayload(self.session_id, b"r" * 16, TOKEN, 1, "Kelas 7B")
        resp, keys = answer_init(
            init,
            payload,
            static_private=STATIC,
            server_key=x25519_public(STATIC),
            random_bytes=os.urandom,
        )
        self.server = self._session(keys)
        return resp

    def _session(self, keys: SessionKeys) -> Session:
        return Session(keys, is_server=True, address=CLIENT, random_bytes=os.urandom, now=self.now)

    def shake_hands(self) -> None:
        """The server answers the newest INIT."""
        self.receive(self.resp())
        self.sent.clear()

    def serve(self) -> list[Frame]:
        """The server looks at what was sent and answers each PING; the other frames."""
        assert self.server is not None
        datagrams, self.sent = self.sent, []
        frames: list[Frame] = []
        for datagram in datagrams:
            plaintext = self.server.open(
                datagram, decode_data_header(datagram)[1], CLIENT, self.now
            )
            assert plaintext is not None
            frames += decode_frames(plaintext)
        self.heard += frames
        for frame in frames:
            if isinstance(frame, Ping):
                self.server.receive_ping(frame)
        self.deliver()
        return [frame for frame in frames if not isinstance(frame, Ping)]

    def deliver(self, *frames: bytes, source: Address = SERVER) -> None:
        """The server says something."""
        assert self.server is not None
        for frame in frames:
            self.server.queue(frame)
        for burst in self.server.take_bursts(self.now):
            for datagram in burst.datagrams:
                self.receive(datagram, source)

    def receive(self, datagram: bytes, source: Address = SERVER) -> None:
        self.link.receive_datagram(datagram, source, self.now)

    def wait(self, seconds: float) -> list[bytes]:
        """Lets time pass without the server; the datagrams that went out."""
        end, before = self.now + seconds, len(self.sent)
        while (due := self.link.next_timer()) is not None and due <= end:
            self.now = max(self.now, due)
            self.link.handle_timer(self.now)
            self.turn()
            assert (self.link.next_timer() or end) > self.now, "the timer is always due"
        self.now = end
        return self.sent[before:]

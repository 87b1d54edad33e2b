"""The calling end of a session: handshake, keepalive, noticing that it is lost, trying again.

Band: exchanges. Knows sessions and frames, but no person, no log and no password. Clients call, and
servers call other realms.
Source: docs/protocol.md.
"""

import hmac
from collections.abc import Callable
from enum import Enum, auto

from protocol import (
    Address,
    Burst,
    CloseCode,
    DatagramType,
    PeerError,
    Reset,
    RespPayload,
    datagram_type,
    decode_data_header,
)
from protocol_frames import Close, Frame, PathChallenge, PathResponse, Ping, Pong, decode_frames
from protocol_handshake import ClientHandshake, SessionKeys
from protocol_requests import Requester
from protocol_session import Session
from settings import Limits

FIRST_INIT_INTERVAL = 0.25  # s, doubling
LONGEST_INIT_INTERVAL = 1.0
ATTEMPT_TIMEOUT = 10.0
PAUSE = 2.0  # between attempts
LASTING = 60.0  # s; a session that lived so long was none of those that the other end ends at once
FIRST_AGAIN = 0.5  # s before a third session, after two that did not last, doubling
LONGEST_AGAIN = 30.0
MOST_RETRIES = 4  # cookies that are brought at once in one attempt: each costs an INIT
ASK_AFTER = 2.0  # s without an answer before PING asks: some requests take long
LOST_AFTER = 4.0  # s without an answer before the user is told
DEAD_AFTER = 30.0  # s without an answer before a new handshake is tried
RENEW_BEFORE = 600.0  # s before a session's lifetime ends


class LinkState(Enum):
    """What the link is doing."""

    IDLE = auto()
    HANDSHAKE = auto()
    PAUSED = auto()
    OPEN = auto()


class Link:
    """One server, one session at a time. ``open_session`` may refuse a server by returning False.

    ``receive_frame`` gets every frame that is not the link's own business; ``pinged``: a keepalive
    came.
    """

    def __init__(
        self,
        *,
        random_bytes: Callable[[int], bytes],
        limits: Limits,
        open_session: Callable[[RespPayload, bytes, float], bool],
        session_ready: Callable[[float], None],
        receive_frame: Callable[[Frame, float], None],
        closed: Callable[[Close, float], None],
        unanswered: Callable[[float], None],
        pinged: Callable[[float], None] = lambda now: None,
    ) -> None:
        self._random_bytes = random_bytes
        self._limits = limits
        self._open_session = open_session
        self._session_ready = session_ready
        self._receive_frame = receive_frame
        self._closed = closed
        self._unanswered = unanswered
        self._pinged = pinged
        self.state = LinkState.IDLE
        self.session: Session | None = None
        self.requester = Requester()
        self.is_silent = False  # nothing has come for LOST_AFTER although something should
        self._address: Address = ("", 0)
        self._handshake: ClientHandshake | None = None
        self._reset_token = b""
        self._server_session_id = 0
        self._due = 0.0  # of the next INIT, or of the end of a pause
        self._interval = 0.0
        self._attempt_ends = 0.0
        self._retries = 0  # in this attempt
        self._opened_at: float | None = None  # of a session whose end is not judged yet
        self._short_sessions = 0  # since one lasted
        self._loose: list[bytes] = []
        self._asked_at: float | None = None  # the oldest thing sent that nothing came after
        self._ping_due = 0.0
        self._ping_tries = 0

    # --- beginning and ending ---

    def connect(self, address: Address, now: float) -> None:
        """Begins a handshake; any session there was is forgotten."""
        self._address = address
        self.session = None
        self.requester = Requester()
        self.state = LinkState.HANDSHAKE
        self._handshake = ClientHandshake(self._random_bytes)
        self._interval = FIRST_INIT_INTERVAL
        self._attempt_ends = now + ATTEMPT_TIMEOUT
        self._retries = 0
        self._opened_at = None
        self._send_init(self._handshake, now)

    def reconnect(self, now: float, *, after: float = 0.0) -> None:
        """Tries again by itself, at once or after a pause; later if sessions do not last."""
        after = max(after, self._pause_for_short_sessions(now))
        if after:
            self.session = None
            self.state, self._due = LinkState.PAUSED, now + after
        else:
            self.connect(self._address, now)

    def _pause_for_short_sessions(self, now: float) -> float:
        """None after the first: a server that was restarted is found again at once. But one that
        ends each session as soon as it stands would have us shake hands without end."""
        if self._opened_at is None:
            return 0.0
        is_short, self._opened_at = now - self._opened_at < LASTING, None
        self._short_sessions = self._short_sessions + 1 if is_short else 0
        if self._short_sessions < 2:
            return 0.0
        return min(LONGEST_AGAIN, FIRST_AGAIN * 2.0 ** min(self._short_sessions - 2, 10))

    def disconnect(self, code: CloseCode, now: float) -> None:
        """Says CLOSE three times, each in its own datagram, and stays idle."""
        if self.session is not None:
            for _ in range(3):
                self.session.queue(Close(code).encode())
                for burst in self.session.take_bursts(now):
                    self._loose += burst.datagrams
        elif self._handshake is not None:
            self._loose.clear()  # INITs: nobody waits for their answer
        self.session = None
        self._handshake = None
        self.state = LinkState.IDLE

    def _send_init(self, handshake: ClientHandshake, now: float) -> None:
        self._loose.append(handshake.init())
        self._due = now + self._interval
        self._interval = min(LONGEST_INIT_INTERVAL, self._interval * 2)

    # --- inwards ---

    @property
    def receive_id(self) -> int:
        """By which the server addresses us now; 0: nothing is expected of it."""
        if self.session is not None:
            return self.session.receive_id
        return self._handshake.client_id if self._handshake is not None else 0

    @property
    def send_id(self) -> int:
        """By which we address the server, as its RESET says; 0: there is no session."""
        return self._server_session_id if self.session is not None else 0

    def receive_datagram(self, datagram: bytes, address: Address, now: float) -> None:
        """Never raises, whatever the bytes. What does not come from our server is ignored."""
        try:
            match datagram_type(datagram):
                case DatagramType.DATA_TO_CLIENT:
                    self._receive_data(datagram, address, now)
                case DatagramType.RETRY if self._handshake is not None:
                    if address == self._address:
                        self._receive_retry(self._handshake, datagram, now)
                case DatagramType.RESP if self._handshake is not None:
                    if address == self._address:
                        self._receive_resp(self._handshake, datagram, now)
                case DatagramType.RESET:
                    self._receive_reset(datagram, now)
                case _:
                    return
        except PeerError:
            return

    def _receive_retry(self, handshake: ClientHandshake, datagram: bytes, now: float) -> None:
        if self._retries < MOST_RETRIES and handshake.receive_retry(datagram):
            self._retries += 1
            self._attempt_ends = max(self._attempt_ends, now + ATTEMPT_TIMEOUT / 2)
            self._interval = FIRST_INIT_INTERVAL
            self._send_init(handshake, now)

    def _receive_resp(self, handshake: ClientHandshake, datagram: bytes, now: float) -> None:
        keys, payload = handshake.receive_resp(datagram)
        self._handshake = None
        if self._open_session(payload, keys.server_key, now):
            self._begin(keys, payload, now)
        else:
            self.state = LinkState.IDLE

    def _begin(self, keys: SessionKeys, payload: RespPayload, now: float) -> None:
        self.session = Session(
            keys,
            is_server=False,
            address=self._address,
            random_bytes=self._random_bytes,
            now=now,
        )
        self.state, self._opened_at = LinkState.OPEN, now
        self._reset_token = payload.reset_token
        self._server_session_id = payload.server_session_id
        self._asked_at, self.is_silent = None, False
        self._ping_due, self._ping_tries = now, 0  # at once: it ends the half-open state
        self._session_ready(now)

    def _receive_reset(self, datagram: bytes, now: float) -> None:
        reset = Reset.decode(datagram)
        if self.session is None or reset.session_id != self._server_session_id:
            return
        if hmac.compare_digest(reset.token, self._reset_token):
            self.reconnect(now)

    def _receive_data(self, datagram: bytes, address: Address, now: float) -> None:
        session_id, number = decode_data_header(datagram)
        session = self.session
        if session is None or session_id != session.receive_id:
            return
        plaintext = session.open(datagram, number, address, now)
        if plaintext is None:
            return
        self._asked_at = None
        self.is_silent = False
        if self._ping_tries:
            self._ping_tries = 0
            self._ping_due = now + self._limits.keepalive_interval
        try:
            for frame in decode_frames(plaintext):
                if self.session is not session:
                    return
                self._receive(session, frame, address, now)
        except PeerError:  # genuine, and yet not what a server says: only a new session can help
            if self.session is session:
                self.reconnect(now, after=PAUSE)

    def _receive(self, session: Session, frame: Frame, address: Address, now: float) -> None:
        match frame:
            case Ping():
                session.receive_ping(frame)
                self._pinged(now)
            case Pong():
                session.receive_pong(frame, now)
            case PathChallenge():
                session.receive_path_challenge(frame, address)
            case PathResponse():
                return
            case Close():
                self._closed(frame, now)
            case _:
                self._receive_frame(frame, now)

    # --- outwards ---

    def queue(self, frame: bytes) -> None:
        """Sends a frame with the next datagrams, if there is a session."""
        if self.session is not None:
            self.session.queue(frame)

    def ask_whether_it_lives(self, now: float) -> None:
        """There is doubt whether the server still has our session: it is asked at once."""
        self._ping_due = now

    def expect_answer(self, now: float) -> None:
        """Something was sent that must be answered: silence from now on means something."""
        if self._asked_at is None:
            self._asked_at = now

    def next_timer(self) -> float | None:
        if self.state is not LinkState.OPEN:
            return None if self.state is LinkState.IDLE else self._due
        dues = [self._ping_due]
        if self.session is not None and self.session.echo_due is not None:
            dues.append(self.session.echo_due)
        asked = self.requester.next_timer()
        if asked is not None:
            dues.append(asked)
        if self._asked_at is not None:
            dues.append(self._asked_at + (DEAD_AFTER if self.is_silent else LOST_AFTER))
            if not self._ping_tries:
                dues.append(self._asked_at + ASK_AFTER)
        return min(dues)

    def handle_timer(self, now: float) -> None:
        """Sends INIT again, gives up an attempt, or notices silence."""
        if self.state is LinkState.PAUSED and self._due <= now:
            self.connect(self._address, now)
        elif self.session is not None:
            self._watch(self.session, now)
        elif self._handshake is not None and self._due <= now:
            if now >= self._attempt_ends:
                self.reconnect(now, after=PAUSE)
                self._unanswered(now)
            else:
                self._send_init(self._handshake, now)

    def _watch(self, session: Session, now: float) -> None:
        if self._asked_at is not None:
            if now >= self._asked_at + DEAD_AFTER:
                self.connect(self._address, now)
                return
            if now >= self._asked_at + LOST_AFTER:
                self.is_silent = True
            if now >= self._asked_at + ASK_AFTER and not self._ping_tries:
                self._ping_due = now
        lifetime = self._limits.session_lifetime - RENEW_BEFORE
        if session.is_worn or now - session.started >= lifetime:
            self.connect(self._address, now)
        elif self._ping_due <= now:
            session.queue_ping(now)
            self.expect_answer(now)
            self._ping_due = now + session.round_trip.resend_after(self._ping_tries, self.is_silent)
            self._ping_tries += 1

    def take_bursts(self, now: float) -> list[Burst]:
        """Everything to send now."""
        session = self.session
        if session is not None:
            for frame in self.requester.frames_due(now, session.round_trip, self.is_silent):
                session.queue(frame)
                self.expect_answer(now)
        loose, self._loose = self._loose, []
        bursts = [Burst(self._address, loose)] if loose else []
        if session is not None and (session.has_frames or session.echo_due is not None):
            bursts += session.take_bursts(now)
        return bursts

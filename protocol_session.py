"""One session: seal and open, the path it runs on, round trips, what waits to be sent.

Band: exchanges. Frames go out in the order they were queued; whoever queues one decides whether to
queue it again. Knows no handshake, no person, no log.
Source: docs/protocol.md; roaming after RFC 9000 §9.3, with the bounds of §21.
"""

import struct
from _thread import get_ident  # all that a session may know of threads: whose it is
from collections.abc import Callable
from dataclasses import dataclass

from crypto import Aead
from protocol import (
    HEADER_SIZE,
    MAX_NUMBER,
    Address,
    Burst,
    DatagramType,
    LocalError,
    PeerError,
    encode_data_header,
)
from protocol_frames import PathChallenge, PathResponse, Ping, Pong
from protocol_guards import ReplayWindow, RoundTrip
from protocol_handshake import SessionKeys
from protocol_packing import pack_frames, pad
from protocol_path import Echo, PathSize

PATH_TIMEOUT = 3.0  # s to answer from a new address before everything goes back to the old one
MAX_CHALLENGES = 4  # pending at once; each costs two datagrams (CVE-2023-49295 had no bound)
UNPROVEN_FACTOR = 3  # bytes towards a new address for each byte from it (RFC 9000 §8.1)
RENEW_NUMBER = MAX_NUMBER - (1 << 20)  # time to make a new session
_NONCE = struct.Struct("<4xQ")  # of a datagram's number
_STAMP = 1e6  # PING stamps are microseconds of our own clock
_PROBE = 1 << 63  # marks the stamp of a PING that tries a larger datagram


@dataclass(slots=True)
class _Move:
    """A peer that seems to have a new address: until it answers there, the old one is kept."""

    proven: Address
    challenge: bytes
    deadline: float
    allowance: int  # bytes that may still go to the new address


class Session:
    """Sealed datagrams to and from one peer. Owned by the network thread, which made it.

    It seals nowhere else: two threads could draw one number, and that gives away what both said.
    ``may_roam``: follow the peer to new addresses (servers do; a client's server stays put).
    """

    def __init__(
        self,
        keys: SessionKeys,
        *,
        is_server: bool,
        address: Address,
        random_bytes: Callable[[int], bytes],
        now: float,
    ) -> None:
        self.receive_id = keys.receive_id
        self.handshake_hash = keys.handshake_hash
        self.server_key = keys.server_key
        self.address = address
        self.started = now
        self.last_heard = now  # newest genuine datagram
        self.last_sent = now
        self.round_trip = RoundTrip()
        self.path_size = PathSize()
        self.forged = 0  # datagrams that did not open
        self.send_loss = 0.0  # 0 to 1: of our datagrams, as the peer's PONG tells
        self._answered_stamp = -1  # of the newest PING that a PONG came to
        self._echo: Echo | None = None  # once the path has lost something
        self._aead_in = Aead(keys.receive_key)
        self._aead_out = Aead(keys.send_key)
        self._window = ReplayWindow()
        self._number = 0
        self._thread = get_ident()
        outgoing = DatagramType.DATA_TO_CLIENT if is_server else DatagramType.DATA_TO_SERVER
        self._header = encode_data_header(outgoing, keys.send_id, 0)[:-8]  # the number follows
        self._may_roam = is_server
        self._random_bytes = random_bytes
        self._move: _Move | None = None
        self._challenges: dict[bytes, float] = {}  # when the pending ones lapse
        self._frames: list[bytes] = []
        self._plaintexts: list[bytes] = []  # packed already, shared with other sessions
        self._elsewhere: list[tuple[Address, bytes]] = []  # challenges of ours, by their path
        self._answers: list[tuple[Address, bytes]] = []  # to challenges of the peer's

    # --- inwards ---

    def open(self, datagram: bytes, number: int, address: Address, now: float) -> bytes | None:
        """The frames inside a genuine datagram that is new, or None; the header is decoded already.

        The replay window moves only after the seal proved right (CVE-2024-58265).
        """
        if not self._window.is_new(number):
            return None
        try:
            plaintext = self._aead_in.open(
                _NONCE.pack(number), datagram[HEADER_SIZE:], datagram[:HEADER_SIZE]
            )
        except PeerError:
            self.forged += 1
            return None
        ahead = number - self._window.highest
        if ahead > 1:  # paths that lose in one direction lose in the other too
            self.notice_loss(now)
        self._window.mark(number)
        self.last_heard = now
        if address != self.address:
            if ahead > 0 and self._may_roam:
                self._follow(address, len(datagram), now)
        elif self._move is not None:
            self._move.allowance += UNPROVEN_FACTOR * len(datagram)
        return plaintext

    @property
    def received(self) -> tuple[int, int]:
        """Highest number and count of the peer's datagrams: how much got lost on the way."""
        return self._window.highest, self._window.count

    @property
    def receive_loss(self) -> float:
        """0 to 1: of the peer's datagrams since the session began."""
        highest, count = self.received
        return 1.0 - count / (highest + 1) if count else 0.0

    def receive_ping(self, ping: Ping) -> None:
        """Queues the PONG."""
        highest, count = self.received
        self.queue(Pong(ping.stamp, highest, count).encode())

    def receive_pong(self, pong: Pong, now: float) -> None:
        """Takes the round trip; a stamp from the future or of long ago is the peer's invention."""
        elapsed = now - pong.stamp / _STAMP
        if pong.stamp & _PROBE:
            self.path_size.receive_pong(pong.stamp)
        elif 0.0 <= elapsed <= 60.0 and pong.stamp > self._answered_stamp:  # not to its echo
            self._answered_stamp = pong.stamp
            self.round_trip.sample(elapsed)
        if 0 < pong.count <= pong.highest + 1 <= self._number:
            self.send_loss = 1.0 - pong.count / (pong.highest + 1)

    def notice_loss(self, now: float) -> None:
        """The path lost something: for a while, what goes alone goes twice."""
        if self._echo is None:
            self._echo = Echo()
        self._echo.notice_loss(now)

    # --- paths ---

    @property
    def proven_address(self) -> Address:
        """Where the peer certainly is: whoever has a session can forge where it writes from."""
        return self._move.proven if self._move is not None else self.address

    def receive_path_challenge(self, frame: PathChallenge, address: Address) -> None:
        """Answered on the path it came by; more of them in a turn only want to make us send."""
        if len(self._answers) < MAX_CHALLENGES:
            self._answers.append((address, PathResponse(frame.challenge).encode()))

    def receive_path_response(self, frame: PathResponse, address: Address) -> None:
        """The new address is proven if the answer to our challenge came from there."""
        move = self._move
        if move is not None and frame.challenge == move.challenge and address == self.address:
            self._move = None
            self._challenges.pop(frame.challenge, None)

    @property
    def path_deadline(self) -> float | None:
        """When an unproven address must have answered."""
        return self._move.deadline if self._move is not None else None

    def handle_path_timer(self, now: float) -> None:
        """Goes back to the proven address once the new one had its time."""
        if self._move is not None and now >= self._move.deadline:
            self.address = self._move.proven
            self._move = None

    def _follow(self, address: Address, size: int, now: float) -> None:
        proven = self._move.proven if self._move is not None else self.address
        if address == proven:  # the newest datagram comes from the old address: it still lives
            self.address, self._move = proven, None
            return
        self._challenges = {
            challenge: lapses for challenge, lapses in self._challenges.items() if lapses > now
        }
        if len(self._challenges) >= MAX_CHALLENGES:
            return
        self.path_size.shrink(now)
        challenge = self._random_bytes(8)
        self._challenges[challenge] = now + PATH_TIMEOUT
        self._move = _Move(proven, challenge, now + PATH_TIMEOUT, UNPROVEN_FACTOR * size)
        self.address = address
        frame = PathChallenge(challenge).encode()
        self._elsewhere += [(proven, frame), (address, frame)]

    # --- outwards ---

    def queue(self, frame: bytes) -> None:
        """Sends a frame with the next datagrams."""
        self._frames.append(frame)

    def queue_plaintexts(self, plaintexts: list[bytes]) -> None:
        """Sends frames that were packed once for many sessions; they go before queued frames."""
        self._plaintexts += plaintexts

    def queue_ping(self, now: float) -> None:
        """Asks for a PONG."""
        self.queue(Ping(int(now * _STAMP)).encode())

    @property
    def has_frames(self) -> bool:
        return bool(self._frames or self._plaintexts or self._elsewhere or self._answers)

    @property
    def echo_due(self) -> float | None:
        """When something goes out again although nothing was queued."""
        return self._echo.due if self._echo is not None else None

    @property
    def is_worn(self) -> bool:
        """Whether its numbers run out, so that a new session is due."""
        return self._number >= RENEW_NUMBER

    def seal_alone(self, plaintext: bytes, now: float) -> Burst | None:
        """A padded plaintext, sealed, if it is all there is to send here; None: queue it."""
        self._check_thread()
        if self._frames or self._plaintexts or self._elsewhere or self._answers:
            return None
        if self._echo is not None or self._move is not None:
            return None
        self.last_sent = now
        return Burst(self.address, [self._seal(plaintext)])

    def take_bursts(self, now: float) -> list[Burst]:
        """Everything queued, sealed. What an unproven address may not get yet counts as lost."""
        self._check_thread()
        bursts: list[Burst] = []
        if self._elsewhere or self._answers:
            bursts = [
                Burst(address, [self._seal(pad(frame))])
                for address, frame in self._elsewhere + self._answers
                if self._may_send(address, len(frame) + HEADER_SIZE + 32)
            ]
            self._elsewhere, self._answers = [], []
        plaintexts, self._plaintexts = self._plaintexts, []
        if self._frames:
            plaintexts += pack_frames(self._frames, self.path_size.room)
            self._frames = []
        if len(plaintexts) > 1 and self._move is None:
            plaintexts = [*plaintexts, *self._probe(now)]
        if self._echo is not None:
            plaintexts = self._echo.take(plaintexts, now) + plaintexts
        if self._move is not None:
            plaintexts = [p for p in plaintexts if self._may_send(self.address, len(p) + 36)]
        if plaintexts:
            bursts.append(Burst(self.address, [self._seal(p) for p in plaintexts]))
        if bursts:
            self.last_sent = now
        return bursts

    def _check_thread(self) -> None:
        if get_ident() != self._thread:
            raise LocalError("a session seals on its own thread alone")

    def _probe(self, now: float) -> list[bytes]:
        """A datagram of the next larger size, if it is time to try one."""
        stamp = int(now * _STAMP) | _PROBE
        room = self.path_size.take_probe(stamp, now)
        return [] if room is None else [Ping(stamp).encode().ljust(room, b"\0")]

    def _may_send(self, address: Address, size: int) -> bool:
        if self._move is None or address != self.address:
            return True
        if size > self._move.allowance:
            return False
        self._move.allowance -= size
        return True

    def _seal(self, plaintext: bytes) -> bytes:
        number = self._number
        if number >= MAX_NUMBER:
            raise LocalError("a datagram that must not be sealed")
        self._number = number + 1  # before sealing: no number ever serves twice
        header = self._header + number.to_bytes(8, "big")
        return header + self._aead_out.seal(_NONCE.pack(number), plaintext, header)

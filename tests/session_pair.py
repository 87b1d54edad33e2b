"""The two ends of one session, for tests."""

import os
from collections.abc import Callable

from protocol import HEADER_SIZE, TAG_SIZE, Address, Burst, PeerError, decode_data_header
from protocol_frames import Frame, decode_frames
from protocol_handshake import SessionKeys
from protocol_session import Session

SERVER, CLIENT, VICTIM = ("10.0.0.1", 8083), ("10.0.0.2", 50_000), ("10.0.7.7", 7777)
AT_CLIENT = SessionKeys(7, 9, b"d" * 32, b"u" * 32, b"h" * 32, b"k" * 32)
AT_SERVER = SessionKeys(9, 7, b"u" * 32, b"d" * 32, b"h" * 32, b"k" * 32)
SMALLEST = HEADER_SIZE + TAG_SIZE


def client(random_bytes: Callable[[int], bytes] = os.urandom) -> Session:
    return Session(AT_CLIENT, is_server=False, address=SERVER, random_bytes=random_bytes, now=100.0)


def server(random_bytes: Callable[[int], bytes] = os.urandom) -> Session:
    return Session(AT_SERVER, is_server=True, address=CLIENT, random_bytes=random_bytes, now=100.0)


def opened(
    session: Session, datagram: bytes, address: Address = CLIENT, now: float = 100.0
) -> list[Frame] | None:
    """The frames in a datagram; None if it is not taken."""
    try:
        _, number = decode_data_header(datagram)
    except PeerError:
        return None
    plaintext = session.open(datagram, number, address, now)
    return None if plaintext is None else decode_frames(plaintext)


def sealed(session: Session, *frames: bytes, now: float = 100.0) -> bytes:
    """One datagram with these frames."""
    for frame in frames:
        session.queue(frame)
    (datagram,) = datagrams(session.take_bursts(now))
    return datagram


def datagrams(bursts: list[Burst]) -> list[bytes]:
    return [datagram for burst in bursts for datagram in burst.datagrams]


def bytes_to(bursts: list[Burst], address: Address) -> int:
    return sum(len(datagram) for datagram in datagrams([b for b in bursts if b.address == address]))


def exchange(here: Session, there: Session, address: Address, now: float) -> list[Frame]:
    """Everything that one end has to say, opened by the other; ``address``: where it came from."""
    return [
        frame
        for datagram in datagrams(here.take_bursts(now))
        for frame in opened(there, datagram, address, now) or []
    ]

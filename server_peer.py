"""One session at the server and whoever is behind it, and a person who is present.

Band: cores. Plain state, owned by the core.
"""

from entering import ServerEntering, Step
from protocol import Address
from protocol_requests import Responder
from protocol_session import Session
from replication_server import Feed, Intake


class Peer:
    """A session, from its handshake on."""

    __slots__ = (
        "entering",
        "feeds",
        "intake",
        "is_half_open",
        "key",
        "last_typing",
        "member",
        "responder",
        "session",
    )

    def __init__(self, session: Session, server_key: bytes) -> None:
        self.session = session
        self.key = session.receive_id  # by which the client addresses us
        self.entering = ServerEntering(handshake_hash=session.handshake_hash, server_key=server_key)
        self.responder = Responder()
        self.is_half_open = True  # until something in it has opened
        self.member: Member | None = None
        self.feeds: dict[int, Feed] = {}
        self.intake: Intake | None = None
        self.last_typing = float("-inf")

    @property
    def host(self) -> str:
        """Whom guesses and bans count for."""
        return self.session.proven_address[0]

    @property
    def has_entered(self) -> bool:
        return self.entering.step is Step.ENTERED


class Member:
    """A person marked as present, with a session or (for a while) without."""

    __slots__ = ("address", "is_away", "last_heard", "name", "peer", "person", "since")

    def __init__(self, person: int, name: str, *, now: float, since: int) -> None:
        self.person = person
        self.name = name
        self.peer: Peer | None = None
        self.address: Address | None = None
        self.last_heard = now
        self.since = since  # UTC milliseconds
        self.is_away = False

    def heard(self) -> float:
        """When anything genuine came from them last."""
        if self.peer is not None:
            self.last_heard = max(self.last_heard, self.peer.session.last_heard)
        return self.last_heard

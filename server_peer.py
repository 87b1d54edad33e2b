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
        "is_remembered",
        "key",
        "last_typing",
        "left",
        "member",
        "realm",
        "responder",
        "session",
        "token_hash",
    )

    def __init__(self, session: Session, server_key: bytes) -> None:
        self.session = session
        self.key = session.receive_id  # by which the client addresses us
        self.entering = ServerEntering(handshake_hash=session.handshake_hash, server_key=server_key)
        self.responder = Responder()
        self.is_half_open = True  # until something in it has opened
        self.is_remembered = False  # for a RESET after a restart
        self.member: Member | None = None  # None in one that has entered: logged out, nameless
        self.realm = 0  # the other server's behind it, once it has shown its key; 0: none
        self.token_hash = b""  # of what brings its device back
        self.feeds: dict[int, Feed] = {}
        self.left: dict[int, int] = {}  # logs let go of, and how often that is still to be told
        self.intake: Intake | None = None
        self.last_typing = float("-inf")

    @property
    def host(self) -> str:
        """Whom guesses and bans count for."""
        return self.session.proven_address[0]

    @property
    def has_entered(self) -> bool:
        return self.entering.step is Step.ENTERED

    @property
    def stream(self) -> bytes:
        """The run of a client that it carries; empty while there is nobody behind it."""
        return self.intake.stream if self.intake is not None else b""


class Member:
    """A person marked as present, with sessions or (for a while) without.

    A guest has one session, an account one for each device.
    """

    __slots__ = (
        "address",
        "is_account",
        "is_away",
        "last_heard",
        "name",
        "peers",
        "person",
        "since",
    )

    def __init__(
        self, person: int, name: str, *, is_account: bool = False, now: float, since: int
    ) -> None:
        self.person = person
        self.name = name
        self.is_account = is_account
        self.peers: dict[int, Peer] = {}  # by session id, in the order of entering
        self.address: Address | None = None  # where they were proven to be last
        self.last_heard = now
        self.since = since  # UTC milliseconds
        self.is_away = False

    def heard(self) -> float:
        """When anything genuine came from them last."""
        for peer in self.peers.values():
            self.last_heard = max(self.last_heard, peer.session.last_heard)
        return self.last_heard

    @property
    def newest(self) -> Peer | None:
        """The session that was heard last."""
        return max(self.peers.values(), key=lambda peer: peer.session.last_heard, default=None)

"""Frames that come in on the server: which of them a session may send now, and whom each concerns.

Band: cores. Serves none itself.
Source: docs/protocol.md.
"""

from entering import Step
from protocol import Address, PeerError
from protocol_frames import (
    Chunk,
    Close,
    Frame,
    Have,
    PathChallenge,
    PathResponse,
    Ping,
    Pong,
    Post,
    Pull,
    Request,
    Typing,
    Want,
    decode_frames,
)
from server_delivery import Delivery
from server_links import Links
from server_partings import Partings
from server_peer import Peer
from server_posting import Posting
from server_realm_links import RealmLinks
from server_requests import Requests
from server_sessions import Sessions
from server_supply import Supply
from server_uploads import Uploads

_OF_SESSIONS = (Close, Ping, Pong, PathChallenge, PathResponse)  # whoever is behind one
MAX_FRAMES = 256  # in one datagram; more are only somebody's attempt to keep us busy


class Frames:
    """Hands frames on."""

    def __init__(
        self,
        sessions: Sessions,
        partings: Partings,
        links: Links,
        requests: Requests,
        posting: Posting,
        delivery: Delivery,
        uploads: Uploads,
        supply: Supply,
        realms: RealmLinks,
    ) -> None:
        self._sessions = sessions
        self._partings = partings
        self._links = links
        self._requests = requests
        self._posting = posting
        self._delivery = delivery
        self._uploads = uploads
        self._supply = supply
        self._realms = realms

    def receive(self, peer: Peer, plaintext: bytes, address: Address, now: float) -> None:
        """What a datagram of a session held. Raises PeerError."""
        frames = decode_frames(plaintext)
        if len(frames) > MAX_FRAMES:
            raise PeerError("too many frames")
        is_realm = peer.realm != 0
        for frame in frames:
            if is_realm and not isinstance(frame, _OF_SESSIONS):
                self._realms.receive(peer, frame, now)
            elif isinstance(frame, Post):  # nearly every one at full speed
                if peer.member is not None or _is_for_member(peer):
                    self._posting.receive(peer, frame)
            elif isinstance(frame, Chunk):  # so of a file
                if peer.member is not None or _is_for_member(peer):
                    self._uploads.receive_chunk(peer, frame, now)
            else:
                self._receive_other(peer, frame, address, now)

    def _receive_other(self, peer: Peer, frame: Frame, address: Address, now: float) -> None:
        match frame:
            case Pull() | Have() | Typing() | Want():
                if _is_for_member(peer):
                    self._receive_from_member(peer, frame, now)
            case Request():
                self._requests.receive(peer, frame, now)
            case Close():
                self._partings.take_leave(peer, now)
                self._sessions.drop(peer)
            case Ping() | Pong() | PathChallenge() | PathResponse():
                self._links.receive(peer, frame, address, now)
            case _:
                raise PeerError("a frame only servers send")

    def _receive_from_member(
        self, peer: Peer, frame: Pull | Have | Typing | Want, now: float
    ) -> None:
        match frame:
            case Pull():
                self._delivery.receive_pull(peer, frame, now)
            case Have():
                self._delivery.receive_have(peer, frame, now)
            case Typing():
                self._delivery.receive_typing(peer, frame, now)
            case _:  # Want
                self._uploads.receive_want(peer, frame)
                self._supply.receive(peer, frame, now)


def _is_for_member(peer: Peer) -> bool:
    """Whether to take what only members send: too late is no fault, too early is one."""
    if peer.has_entered:
        return peer.member is not None  # nobody's session: somebody's of a moment ago
    if peer.entering.step is not Step.LEFT:
        raise PeerError("not entered")
    return False

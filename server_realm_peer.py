"""A link to another realm while it stands: the session, whichever end called, and asking over it.

Band: cores. Plain state, owned by the core.
"""

from collections.abc import Callable

from protocol import Verb
from protocol_frames import Response
from protocol_requests import Answer, Fields, Requester
from server_peer import Peer

Then = Callable[[Answer, float], None]


class RealmPeer:
    """One realm, one session; a new session is a new one of these.

    ``peer.realm`` is ``realm``, so that a session tells what is behind it.
    """

    __slots__ = ("_asked", "is_called", "name", "peer", "realm", "requester")

    def __init__(
        self, realm: int, name: str, peer: Peer, requester: Requester, *, is_called: bool
    ) -> None:
        self.realm = realm  # of its RealmRecord
        self.name = name  # what it is called here
        self.peer = peer
        self.requester = requester
        self.is_called = is_called  # by that realm; else we called
        self._asked: dict[int, Then] = {}

    def ask(self, verb: Verb, fields: Fields, then: Then, now: float) -> None:
        """The answer arrives once, or never if the link goes."""
        self._asked[self.requester.ask(verb, fields, now)] = then

    def receive(self, response: Response, now: float) -> None:
        """A part of an answer. Raises PeerError."""
        answer = self.requester.receive(response)
        if answer is not None:
            self._asked.pop(answer.request)(answer, now)

"""What tests of links between realms ask of an operator, and wait for."""

from dataclasses import replace

from raw_peers import RawClient, RawServer
from realm_world import PASSWORD, Realm, Realms
from simulated_network import Address
from simulated_nodes import cached_prs

from entering import ServerEntering
from protocol import Code, Reset, Verb
from protocol_frames import Ping
from protocol_requests import Fields
from protocol_session import Session
from server_events import (
    AddRealm,
    Command,
    Happened,
    HappeningKind,
    ListRealms,
    OperatorAnswered,
    RealmRow,
    RealmsListed,
    RealmState,
)


def happenings(realm: Realm) -> list[HappeningKind]:
    return [
        event.kind
        for event in realm.server.events
        if isinstance(event, Happened) and event.kind.name.startswith("REALM")
    ]


def answer(realms: Realms, realm: Realm, command: Command) -> Code:
    """How a command of the operator ended."""
    realm.server.command(command)
    return answered(realms, realm, len(realm.server.events))


def answered(realms: Realms, realm: Realm, before: int) -> Code:
    """How the next one ended, among events beyond the first so many."""

    def answers() -> list[OperatorAnswered]:
        new = realm.server.events[before:]
        return [event for event in new if isinstance(event, OperatorAnswered)]

    realms.run_until(lambda: bool(answers()), within=30)
    return answers()[0].code


def add(realms: Realms, one: str, other: str, *, password: str = "", name: str = "") -> Code:
    host, port = realms[other].server.address
    return answer(realms, realms[one], AddRealm(name or other, host, port, password))


def rows(realms: Realms, realm: Realm) -> list[RealmRow]:
    """As the operator sees them."""
    realm.server.command(ListRealms())
    realms.run(0.05)
    listed = [event for event in realm.server.events if isinstance(event, RealmsListed)]
    return list(listed[-1].realms)


def state(realms: Realms, realm: Realm) -> RealmState:
    (row,) = rows(realms, realm)
    return row.state


def linked(realms: Realms, *names: str, within: float = 60.0) -> float:
    """Until each of them says that the one realm it knows is linked."""
    start = realms.network.now
    while not all(is_linked(realms, realms[name]) for name in names):
        assert realms.network.now < start + within, "still not linked"
        realms.run(0.1)
    return realms.network.now - start


def is_linked(realms: Realms, realm: Realm) -> bool:
    if not realm.server.is_running:
        return False
    return [row.state for row in rows(realms, realm)] == [RealmState.LINKED]


def raw_client(realms: Realms, realm: str) -> RawClient:
    """Somebody made by hand; each later one is another."""
    name, port = f"raw {realms.network.now}", 20_000 + int(realms.network.now * 100) % 40_000
    address, chance = realms[realm].server.address, realms[realm].random_bytes(name)
    return RawClient(name, ("10.8.0.1", port), realms.network, server=address, random_bytes=chance)


def restart(realm: Realm, **settings: object) -> None:
    realm.server.kill()
    realm.server.settings = replace(realm.server.settings, **settings)  # type: ignore[arg-type]
    realm.server.start()


class HandMade(RawServer):
    """A realm that is called. It lets in whoever knows the password, but for what ``answers`` says
    otherwise: None, no answer at all."""

    def __init__(
        self, realms: Realms, answers: dict[Verb, tuple[Code, Fields] | None] | None = None
    ) -> None:
        chance = realms["a"].random_bytes("hand-made")
        super().__init__("hand-made", ("10.2.0.9", 8083), realms.network, random_bytes=chance)
        self.on_request = self.serve
        self.called: list[float] = []  # when a new session was wanted
        self.answers = answers or {}
        self.answers_pings = False
        self.greeting = b""  # what it says at once in each session
        self.resets = False  # whether it ends each session at once
        self._entering: ServerEntering | None = None

    def arrive(self, datagram: bytes, source: Address) -> None:
        before = len(self.sessions)
        super().arrive(datagram, source)
        if len(self.sessions) > before:
            self.called.append(self.network.now)
            if self.greeting:
                self.say(self.greeting)
            if self.resets:
                self.reset()
        elif self.answers_pings and self.sessions and isinstance(self.frames[-1], Ping):
            self.newest.receive_ping(self.frames[-1])
            self.say(b"")

    @property
    def newest(self) -> Session:
        return list(self.sessions.values())[-1]

    def reset(self) -> None:
        """It has forgotten the newest session, and can prove that it had it."""
        session_id = list(self.sessions)[-1]
        self.send(Reset(session_id, self.reset_token).encode(), self.newest.address)

    def say(self, frame: bytes) -> None:
        """In the newest session."""
        self.newest.queue(frame)
        for burst in self.newest.take_bursts(self.network.now):
            for datagram in burst.datagrams:
                self.send(datagram, burst.address)

    def serve(self, number: int, fields: Fields) -> tuple[Code, Fields] | None:
        """As an honest realm would, but for ``answers``."""
        verb = Verb(number)
        if verb in self.answers:
            return self.answers[verb]
        if verb is Verb.PAKE1:
            sid = self.newest.handshake_hash
            self._entering = ServerEntering(handshake_hash=sid, server_key=self.key)
            prs = cached_prs(PASSWORD, self.room_id)
            return Code.OK, self._entering.share(fields, prs, self._random_bytes(32))
        if verb is Verb.PAKE2:
            assert self._entering is not None
            return Code.OK, self._entering.check(fields) or {}
        if verb is Verb.SHARED:
            return Code.OK, {"logs": [], "changed": []}
        return Code.OK, {}

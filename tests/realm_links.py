"""What tests of links between realms ask of an operator, and wait for."""

from dataclasses import replace

from raw_peers import RawClient
from realm_world import Realm, Realms

from protocol import Code
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
    before = len(realm.server.events)
    realm.server.command(command)

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

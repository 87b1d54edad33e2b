"""What a user asks about other realms (commands) and what the core reports of them (events).

Band: cores. A part of client_events.py, which names them among all others.
"""

from dataclasses import dataclass, field
from enum import Enum

from protocol import Address, Code

# --- commands ---


@dataclass(frozen=True, slots=True)
class AddRealm:
    """Link another server. Result: what the realm is called here, and its room there.

    ``name`` empty: as its room is called. ``host``: an IP, once this is in the core's hands.
    ``password`` of its room; None: the server tries its own.
    """

    ticket: int
    name: str
    host: str
    port: int
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AskRealms:
    """All realms there are. Result: tuple of RealmInfo."""

    ticket: int


RealmRequest = AddRealm | AskRealms


# --- events ---


class RealmState(Enum):
    """How things stand with a realm."""

    LINKED = "linked"
    AWAY = "away"  # what is said to it waits
    CUT = "cut"  # by the operator


class RealmTrouble(Enum):
    """Why a realm that our server calls is not linked."""

    KEY = "key"  # somebody with another one answers there
    PASSWORD = "password"  # of its room: it is another than our server has
    REFUSED = "refused"  # it was cut off there, or that server makes no links


@dataclass(frozen=True, slots=True)
class RealmInfo:
    """A realm in the list of all."""

    name: str
    state: RealmState
    since: int  # UTC milliseconds; 0: it was never linked
    waiting: int  # entries that it has not read yet
    round_trip: float | None  # s
    address: Address | None  # None: it calls us
    trouble: RealmTrouble | None = None  # None: none is known


@dataclass(frozen=True, slots=True)
class RealmsTold:
    """All realms, some time after we entered and after one came or went."""

    realms: tuple[RealmInfo, ...]
    may_add: bool = False  # whether we may link another one


@dataclass(frozen=True, slots=True)
class DeliveryTold:
    """What became of something said to another realm, once, soon after our server has it.

    ``code`` OK: it is there; None: it waits for that realm; else the realm refused it. Of what
    waits, or is refused later, other events tell: ReachedChanged, or an entry of it or about it.
    """

    ticket: int
    conversation: int
    code: Code | None


RealmEvent = RealmsTold | DeliveryTold

"""What can be set: limits with their reasons, and later flags and environment.

Band: words. Imports words alone.
"""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what peers can make a server do, and its timers. Tests on one address raise some.

    Rates are per second, intervals in seconds. Source: docs/protocol.md.
    """

    handshakes_per_address: float = 20.0
    handshake_burst: float = 40.0
    handshakes_in_all: float = 400.0
    half_open: int = 2_000  # answered INITs without a first DATA
    half_open_per_address: int = 16
    half_open_timeout: float = 5.0
    not_entered: int = 1_000
    entering_timeout: float = 20.0
    entered: int = 6_000
    resets_per_address: float = 10.0
    resets_in_all: float = 500.0
    start_resets: float = 1_000.0
    keepalive_interval: float = 10.0
    away_timeout: float = 45.0
    gone_timeout: float = 120.0
    session_lifetime: float = 12 * 3600.0
    return_timeout: float = 120.0  # after a restart, for those marked present
    lag_bytes: int = 256 * 1024  # beyond it a session gets heads only and pulls
    log_cache_bytes: int = 4 * 1024 * 1024  # of each conversation, encoded, kept in memory
    pull_bytes: int = 64 * 1024  # at most, for one PULL


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What ``python server.py`` runs with."""

    bind: str = "0.0.0.0"
    port: int = 8083
    room_name: str = "Ruang"
    password: str = field(default="", repr=False)
    data: Path = Path(".")
    limits: Limits = Limits()

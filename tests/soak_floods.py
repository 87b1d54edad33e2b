"""H1 to H3 for a minute each: what they cost a real server process and the people in its room."""

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random

from attackers import (
    RATE,
    Attacker,
    Flood,
    cpu_seconds_of,
    forged_data,
    memory_of,
    strange_inits,
    with_bad_cookies,
)
from processes import Program, World, a_world
from relay import Mischief, Relay

from protocol import DatagramType

WARM_UP = 3.0  # s in which the server's memory settles


class Measured:
    """A server, somebody in its room, and a flood at it."""

    def __init__(self, world: World) -> None:
        self.server = world.server()
        self._world = world
        self._relay = Relay(("127.0.0.1", world.port), Mischief())

    def __enter__(self) -> "Measured":
        self._relay.__enter__()
        real, self._world.port = self._world.port, self._relay.address[1]
        self.ana = self._world.entered("Ana")
        self._world.port = real
        self.port = real
        return self

    def __exit__(self, *_: object) -> None:
        self._relay.__exit__()

    @property
    def session_id(self) -> int:
        """Of Ana's session, as anybody may overhear it."""
        sealed = [d for d in self._relay.recording if d[3] == DatagramType.DATA_TO_SERVER]
        return int.from_bytes(sealed[-1][4:12], "big")

    def under(
        self, attacker: Attacker, datagrams: Sequence[bytes], seconds: float
    ) -> tuple[Flood, str]:
        """Floods, and tells what it cost; AssertionError where a bound of H1 to H3 is passed."""
        idle = acknowledged_in(self.ana, 100, "tenang")
        warm = Flood(attacker, datagrams, WARM_UP)
        with warm:
            pass
        attacker.received.clear()
        process = self.server.process.pid
        memory, cpu = memory_of(process), cpu_seconds_of(process)
        with Flood(attacker, datagrams, seconds) as flood:
            begin = time.monotonic()
            honest = self._world.entered("Honest", "--local", "127.0.0.5")
            joined = time.monotonic() - begin
            busy = acknowledged_in(self.ana, 200, "banjir")
            honest.close()
        share = (cpu_seconds_of(process) - cpu) / (flood.seconds + 0.3)
        growth = memory_of(process) - memory
        rate = flood.sent / flood.seconds
        # The bounds are for the rate they were written for and a machine that is not shared.
        assert growth <= 5 << 20, f"memory grew by {growth}"
        assert joined <= 3.0 + 2.0, f"an honest person took {joined:.1f} s to join"
        told = (
            f"{rate:,.0f}/s of {RATE:,}, {share:.0%} of a core, {growth / 1024:+,.0f} kB,"
            f" bytes out {flood.received_bytes() / max(1, flood.sent_bytes):.1%},"
            f" joined in {joined:.1f} s, ack p99 {1000 * idle:.1f} → {1000 * busy:.1f} ms"
        )
        return flood, told


def acknowledged_in(client: Program, count: int, word: str) -> float:
    """p99 of the seconds from typing to acknowledged."""
    took = []
    for turn in range(count):
        text = f"{word} {turn} {time.monotonic_ns()}"
        begin = time.monotonic()
        client.type(text)
        client.event(event="entry", text=text)
        took.append(time.monotonic() - begin)
        del client.lines[:-5]
    return sorted(took)[count * 99 // 100]


def inits_with_bad_cookies(measured: Measured, seconds: float) -> str:
    with Attacker(("127.0.0.1", measured.port)) as attacker:
        flood, told = measured.under(attacker, with_bad_cookies(Random(1), 5000), seconds)
    assert set(flood.kinds()) == {DatagramType.RETRY}
    assert flood.received_bytes() <= 0.05 * flood.sent_bytes
    return told


def inits_with_good_cookies(measured: Measured, seconds: float) -> str:
    """Cookies live for ten seconds: then new ones are fetched."""
    handshakes, told = 0, ""
    with Attacker(("127.0.0.1", measured.port)) as attacker:
        for turn in range(max(1, round(seconds / 10))):
            datagrams = attacker.cookies(strange_inits(Random(turn), 1000))
            flood, told = measured.under(attacker, datagrams, 5.0)
            handshakes += flood.handshakes()
            assert flood.handshakes() <= 40 + 20 * (flood.seconds + WARM_UP + 1)
    return f"{told}; {handshakes} handshakes"


def forgeries(measured: Measured, seconds: float) -> str:
    live = measured.session_id
    datagrams = forged_data(Random(3), lambda _: live, 5000)
    with Attacker(("127.0.0.1", measured.port)) as attacker:
        flood, told = measured.under(attacker, datagrams, seconds)
    assert flood.received == []
    assert not any('"state": "lost"' in line for line in measured.ana.lines)
    return told


FLOODS = {
    "H1 bad cookies": inits_with_bad_cookies,
    "H2 good cookies, one address": inits_with_good_cookies,
    "H3 forged DATA, live id": forgeries,
}


def flood(name: str, seconds: float) -> str:
    """One of them in a room of its own; what it cost."""
    with (
        tempfile.TemporaryDirectory() as folder,
        a_world(Path(folder)) as world,
        Measured(world) as measured,
    ):
        return FLOODS[name](measured, seconds)

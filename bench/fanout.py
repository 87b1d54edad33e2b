"""Broadcast: what one delivered message costs the server, against a bare loop.

    python bench/fanout.py [--quick | --tiny]

N people, some of whom write 100-byte messages: at stated rates, and as fast as they are
acknowledged. Cost is the server's CPU, all of it, for a million deliveries; the yardstick is a bare
loop that sends one plaintext datagram for each message and person and does nothing else.
"""

import socket
import time

import rig
from crowd import Checker, Crowd, LightPerson, Somebody, address_of
from rig import Size, Sized

TEXT = "x" * 100
FULL = 5
SENDERS = 75
ROUND = 0.0  # s

# How many people, and the messages a second that they write together.
_RATES = ((10, (200, 1000)), (100, (50, 200, 1000)), (500, (50, 200)))
RATES = Sized(_RATES, _RATES, ((10, (200,)),))
SECONDS = Sized(6.0, 3.0, 0.3)
SETTLE = Sized(1.0, 1.0, 0.1)  # s
RUNS = Sized(3, 1, 1)


def measure(
    people: int, rate: float | None, size: Size, *, pure: bool = False
) -> tuple[float, float, float]:
    """Deliveries per second, CPU seconds per million deliveries, seconds until the last had all.

    ``rate``: messages per second in all; None: as fast as they are acknowledged.
    """
    seconds = SECONDS.of(size)
    with rig.ruang_server(pure=pure) as server:
        address = ("127.0.0.1", server.port)
        writing = min(SENDERS, people * 3 // 4)
        senders = [LightPerson(i, address, f"sender {i}") for i in range(writing)]
        full = [Checker(100 + i, address, f"full {i}") for i in range(min(FULL, people // 4))]
        rest = people - len(senders) - len(full)
        light = [LightPerson(200 + i, address, f"light {i}") for i in range(rest)]
        everyone: list[Somebody] = [*senders, *full, *light]
        crowd = Crowd(everyone)
        crowd.enter()
        settle(crowd, SETTLE.of(size))
        cpu, begin = server.cpu_seconds(), time.monotonic()
        said = 0
        while (now := crowd.turn()) < begin + seconds:
            if rate is None:
                time.sleep(ROUND)  # the generator's own turns, else it is the bottleneck
                for sender in senders:
                    while sender.waiting < 8:
                        sender.say(TEXT, now)
            else:
                while said < (now - begin) * rate:
                    senders[said % len(senders)].say(TEXT, now)
                    said += 1
        while any(sender.waiting for sender in senders):
            now = crowd.turn()
        posted = sum(sender.said for sender in senders)
        elapsed = now - begin
        while any(person.texts < posted for person in full) or any(
            person.seen < full[0].seen for person in light
        ):
            if crowd.turn() > now + 30:
                raise TimeoutError("somebody never got everything")
        lag = time.monotonic() - now
        spent = server.cpu_seconds() - cpu
        crowd.close()
    deliveries = posted * people
    return deliveries / elapsed, spent / deliveries * 1e6, lag


def settle(crowd: Crowd, seconds: float) -> None:
    """Lets joins and presence die down."""
    end = time.monotonic() + seconds
    while crowd.turn() < end:
        pass


def measure_bare(people: int, seconds: float) -> float:
    """CPU seconds per million deliveries of the bare loop at full speed."""
    with rig.yardstick("bare_server.py") as server:
        address = ("127.0.0.1", server.port)
        sockets = []
        for index in range(people):
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.bind((address_of(index), 0))
            sock.sendto(b"join", address)
            sock.recv(100)
            sock.setblocking(False)
            sockets.append(sock)
        cpu, end = server.cpu_seconds(), time.monotonic() + seconds
        posted = 0
        while time.monotonic() < end:
            for sock in sockets[:4]:
                sock.sendto(TEXT.encode(), address)
                posted += 1
            time.sleep(people * 4 * 6e-6)
        time.sleep(0.3)
        spent = server.cpu_seconds() - cpu
        for sock in sockets:
            sock.close()
    return spent / (posted * (people - 1)) * 1e6


def main(size: Size) -> None:
    rig.use_generator_cpu()
    runs, seconds = RUNS.of(size), SECONDS.of(size)
    rows = []
    for people, rates in RATES.of(size):
        bare = rig.median([measure_bare(people, seconds) for _ in range(runs)])
        cases: list[tuple[str, float | None, bool]] = [(f"{rate:,}", rate, False) for rate in rates]
        cases += [("all they can", None, False), ("all they can, no package", None, True)]
        for name, rate, pure in cases:
            results = [measure(people, rate, size, pure=pure) for _ in range(runs)]
            speed, cost, lag = (
                rig.median([result[column] for result in results]) for column in range(3)
            )
            ratio = f"{cost / bare:.3f}"
            rows.append(
                [people, name, f"{speed:,.0f}", f"{cost:.3f}", f"{bare:.2f}", ratio, f"{lag:.2f}"]
            )
    header = ["people", "messages/s", "deliveries/s", "CPU s per million", "bare loop", "ratio"]
    print(rig.table([*header, "last had all after s"], rows))


if __name__ == "__main__":
    rig.run(main, __doc__)

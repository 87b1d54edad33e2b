"""A yardstick: one cubic TCP stream of zeros, as fast as it goes.

    python bare_tcp_stream.py --take IP             prints "ready PORT", then what came
    python bare_tcp_stream.py --give IP PORT S      gives for S seconds and breaks off

What came is one line of JSON: pairs of a time (CLOCK_MONOTONIC) and the bytes until then.
"""

import json
import socket
import struct
import sys
import time
from contextlib import suppress

INTERVAL = 0.05  # s between two times
CHUNK = 1 << 18


def take(host: str) -> None:
    listener = socket.create_server((host, 0))
    print("ready", listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    buffer = bytearray(CHUNK)
    total, came = 0, [(time.monotonic(), 0)]
    with suppress(ConnectionResetError):
        while size := connection.recv_into(buffer):
            total += size
            now = time.monotonic()
            if now >= came[-1][0] + INTERVAL:
                came.append((now, total))
    print(json.dumps(came), flush=True)


def give(host: str, port: int, seconds: float) -> None:
    connection = socket.socket()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"cubic")
    connection.connect((host, port))
    connection.settimeout(0.1)
    # Breaking off: nothing of what still waits is sent after the time is over.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    zeros = bytes(CHUNK)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(TimeoutError):
            connection.send(zeros)
    connection.close()


if __name__ == "__main__":
    if sys.argv[1] == "--take":
        take(sys.argv[2])
    else:
        give(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))

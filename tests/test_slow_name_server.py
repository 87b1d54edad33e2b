"""A name server that takes its time: the client must not outlive its user's wish to go."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import World, a_world

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(sys.platform == "win32", reason="needs signals and a named pipe"),
]

# Python runs a module of this name at its start: looking up waits until the test lets it go on.
SLOW = """
import socket
import sys

look_up = socket.getaddrinfo

def slow(*asked, **more):
    socket.getaddrinfo = look_up  # once is enough
    print('{"looking": "up"}', flush=True)
    with open({pipe!r}) as waiting:
        waiting.read()
    return look_up(*asked, **more)

socket.getaddrinfo = slow
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


def test_who_goes_while_the_server_is_looked_up_leaves_nothing_running(world: World) -> None:
    pipe = world.folder / "answer"
    os.mkfifo(pipe)
    code = SLOW.replace("{pipe!r}", repr(str(pipe)))
    (world.folder / "sitecustomize.py").write_text(code)
    world.server()
    client = world.client("ana", PYTHONPATH=str(world.folder))
    client.event(looking="up")

    client.signal(signal.SIGINT)
    with open(pipe, "w"):
        pass  # the name is found only now

    assert client.exit_code() == 130
    assert client.texts() == []

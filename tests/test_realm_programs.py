"""Two realms as people have them: servers, and clients by script, as processes with sockets."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import World, a_world

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's"),
]
TEXT = "halo dari sana"
NOWHERE = {
    "/sendprivaterealm campus-x bob halo": "NO_SUCH_REALM",
    "/sendprivaterealm campus-b siapa halo": "NO_SUCH_USER",
    "/send bob@campus-c@campus-b halo": "NO_WAY_THERE",
    "/sendgrouprealm campus-b nihil halo": "NO_SUCH_GROUP",
    "/joingroup nihil@campus-b": "NO_SUCH_GROUP",
    "/sendgroup nihil@campus-b halo": "NOT_A_MEMBER",
    "/sendgroup nihil@campus-x halo": "NO_SUCH_REALM",
    "/sendfilerealm campus-b bob tidak-ada.png": "FILE_NOT_FOUND",
    "/getrealminbox campus-x": "NO_SUCH_REALM",
    "/delrealm campus-b": "NOT_THE_OPERATOR",
}


class Campus:
    """A server with somebody in its room."""

    def __init__(self, world: World, room: str, name: str) -> None:
        self.world = world
        self.room = room
        self.server = world.start_server("--name", room)
        self._name = name

    def enter(self) -> None:
        self.world.learn(self.server)
        self.client = self.world.client(self._name)

    def start_again(self) -> None:
        self.server = self.world.server("--name", self.room)

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a line."""
        seen = len(self.client.lines)
        self.client.type(line)
        answer: dict[str, Any] = json.loads(self.client.wait_for(is_answer, seen))
        return answer

    def hears(self, **fields: object) -> dict[str, Any]:
        return self.client.event(event="entry", **fields)


def is_answer(line: str) -> bool:
    return "status" in json.loads(line)


def outcome(answer: dict[str, Any]) -> tuple[str, str | None]:
    return answer["code"], answer.get("state")


@pytest.fixture
def realms(tmp_path: Path) -> Iterator[tuple[Campus, Campus]]:
    with a_world(tmp_path / "a", "127.0.0.1") as one, a_world(tmp_path / "b", "127.0.0.2") as two:
        both = Campus(one, "campus-a", "alice"), Campus(two, "campus-b", "bob")
        for campus in both:
            campus.enter()
        yield both


def test_two_realms_talk_share_and_wait_for_each_other(
    realms: tuple[Campus, Campus], tmp_path: Path
) -> None:
    a, b = realms
    path, data = tmp_path / "foto.png", os.urandom(300_000)
    path.write_bytes(data)

    # each adds the other: whoever starts again calls; "127.1" is a name, which is looked up
    for here, there, host in ((a, b, "127.0.0.2"), (b, a, "127.1")):
        added = here.ask(f"/addrealm {there.room} {host} {there.world.port}")
        assert (added["code"], added["name"], added["room"]) == ("OK", there.room, there.room)
    assert a.ask("/addrealm lain 127.0.0.2 " + str(b.world.port))["code"] == "REALM_EXISTS"
    assert a.ask("/addrealm lain tidak..ada 8083")["code"] == "REALM_UNREACHABLE"
    (realm,) = a.ask("/realms")["realms"]
    assert (realm["name"], realm["state"], realm["waiting"]) == ("campus-b", "linked", 0)
    assert realm["address"] == f"127.0.0.2:{b.world.port}"

    # people, both ways
    assert outcome(a.ask(f"/sendprivaterealm campus-b bob {TEXT}")) == ("OK", "delivered")
    b.hears(conversation="private:alice@campus-a", sender="alice@campus-a", text=TEXT)
    assert outcome(b.ask("/send alice@campus-a hai")) == ("OK", "delivered")
    a.hears(conversation="private:bob@campus-b", sender="bob@campus-b", text="hai")

    # a group
    assert b.ask("/addgroup kelas")["code"] == "OK"
    assert outcome(a.ask("/sendgrouprealm campus-b kelas apa kabar")) == ("OK", "delivered")
    b.hears(conversation="group:kelas", sender="alice@campus-a", text="apa kabar")
    assert outcome(b.ask("/sendgroup kelas baik")) == ("OK", None)
    a.hears(conversation="group:kelas@campus-b", sender="bob@campus-b", text="baik")
    assert sorted(a.ask("/members kelas@campus-b")["members"]) == ["alice", "bob@campus-b"]
    assert a.ask("/leavegroup kelas@campus-b")["code"] == "OK"
    b.client.event(event="left", conversation="group:kelas", sender="alice@campus-a")
    assert outcome(a.ask("/joingroup kelas@campus-b")) == ("OK", "delivered")

    # a file
    sent = a.ask(f"/sendfilerealm campus-b bob {path}")
    assert (*outcome(sent), sent["line"]) == ("OK", "delivered", 10)
    b.hears(conversation="private:alice@campus-a", kind="file", name="foto.png")
    got = b.ask("/get @alice@campus-a/foto.png")
    assert got["code"] == "OK"
    assert Path(got["path"]).read_bytes() == data

    # what came from there
    unread = b.ask("/getrealminbox CAMPUS-A")["messages"]
    assert [one["text"] for one in unread] == [TEXT, "foto.png"]
    assert b.ask("/getrealminbox campus-a")["messages"] == []

    # what is not there
    for line, code in NOWHERE.items():
        assert a.ask(line)["code"] == code

    # one is killed; what is said meanwhile waits for it
    b.server.kill()
    assert outcome(a.ask("/sendprivaterealm campus-b bob sampai nanti")) == ("OK", "waiting")
    b.start_again()
    b.hears(conversation="private:alice@campus-a", text="sampai nanti")

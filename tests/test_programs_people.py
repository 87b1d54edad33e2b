"""Accounts, groups and private messages by the programs as scripts and people start them."""

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from processes import PASSWORD, Program, World, a_world

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


def contains(part: str, line: str) -> bool:
    return part in line


def answers(script: Program) -> list[dict[str, Any]]:
    """All of them, after the end of its input."""
    script.end_input()
    assert script.exit_code() == 0
    found = [json.loads(line) for line in script.lines]
    return [line for line in found if "status" in line]


def codes(script: Program) -> list[tuple[str, str]]:
    return [(answer["command"], answer["code"]) for answer in answers(script)]


def register(world: World, *names: str) -> None:
    clerk = world.client("tamu")
    clerk.type(*(f"/register {name} rahasia" for name in names))
    assert {one["code"] for one in answers(clerk)} == {"OK"}


def with_account(world: World, name: str, password: str = "rahasia", folder: str = "a") -> Program:
    """A script that logs in as the command line says, on a computer of its own."""
    return world.client(
        "tamu", "--login", name,
        RUANG_LOGIN_PASSWORD=password, RUANG_CONFIG=str(world.folder / folder),
    )  # fmt: skip


def test_register_again_login_wrongly_login_and_talk(world: World) -> None:
    world.server()
    script = world.client("tamu", RUANG_LANG="id")

    script.type(
        "/register messi goal", "/register messi lain", "/login messi salah",
        "/login messi goal", "halo", "/logout", "halo",
    )  # fmt: skip

    others = [one for one in answers(script) if one["command"] != "login"]
    assert [(one["code"], one["message"]) for one in others] == [
        ("OK", "Registrasi berhasil."),
        ("NAME_TAKEN", "User sudah ada"),
        ("OK", "Message sent"),
        ("OK", "Logout berhasil"),
        ("NO_SESSION", "Session tidak ditemukan"),
    ]


def test_a_private_message_waits_for_whoever_logs_in_later(world: World) -> None:
    world.server()
    register(world, "messi", "henderson")
    messi = with_account(world, "messi")
    messi.type("/send henderson halo, selamat malam", "/send nobody x")
    assert codes(messi) == [("send", "OK"), ("send", "NO_SUCH_USER")]

    henderson = with_account(world, "henderson", folder="b")
    henderson.type("/inbox", "/inbox")

    first, second = answers(henderson)
    assert [(one["conversation"], one["text"]) for one in first["messages"]] == [
        ("private:messi", "halo, selamat malam")
    ]
    assert second["messages"] == []


def test_a_group_is_made_listed_joined_and_closed_to_others(world: World) -> None:
    world.server()
    lineker, henderson, lain = (world.entered(name) for name in ("lineker", "henderson", "lain"))
    lineker.type("/addgroup kelompok-Bagan", "/addgroup Kelompok-Bagan")
    lineker.event(command="addgroup", code="GROUP_EXISTS")
    henderson.type("/groups", "/joingroup kelompok-bagan", "/joingroup kelompok-bagan")
    henderson.event(command="joingroup", code="ALREADY_A_MEMBER")

    henderson.type("/sendgroup kelompok-Bagan halo")
    lineker.event(event="entry", conversation="group:kelompok-Bagan", text="halo")
    lain.type("/sendgroup kelompok-Bagan x", "/members kelompok-Bagan", "/search halo")

    assert codes(lain) == [
        ("sendgroup", "NOT_A_MEMBER"),
        ("members", "NOT_A_MEMBER"),
        ("search", "OK"),
    ]
    assert all(one.get("messages") in (None, []) for one in map(json.loads, lain.lines))


def test_a_login_on_the_command_line_that_is_refused_ends_with_4(world: World) -> None:
    world.server()
    script = with_account(world, "messi", "salah")
    script.type("this must not be said")

    assert script.exit_code() == 4
    assert json.loads(script.lines[-1])["code"] == "WRONG_LOGIN"
    assert "this must not be said" not in world.entered("ana").texts()


def test_a_killed_account_returns_and_no_passing_name_is_remembered(world: World) -> None:
    world.server()
    register(world, "messi")
    killed = with_account(world, "messi")
    killed.event(event="identity", name="messi", account=True)
    killed.type("halo")
    killed.event(status="OK", command="say")
    killed.kill()

    again = with_account(world, "messi")

    again.event(event="connection", state="entered", name="messi", returned=True)
    kept = (world.folder / "a" / "rooms.json").read_text(encoding="utf-8")
    assert [room["name"] for room in json.loads(kept)["rooms"]] == ["messi"]


def test_the_walk_in_a_terminal(world: World) -> None:
    world.server()
    person = world.run(
        "client.py", "--terminal", f"127.0.0.1:{world.port}",
        RUANG_CONFIG=str(world.folder / "config"),
    )  # fmt: skip

    for typed, answer in (
        ("salah\nregister ana x", "Wrong password"),
        (PASSWORD, "Registration successful."),
        ("register ana x", "Username already taken."),
        ("login ana salah", "Invalid username or password."),
        ("login ana x", "Name accepted. You can send messages now."),
        ("halo", " ana: halo"),
        ("exit", "[INFO] Connection closed."),
    ):
        person.type(typed)
        person.wait_for(partial(contains, answer))

    assert person.exit_code() == 0

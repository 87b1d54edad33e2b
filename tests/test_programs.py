"""The programs as people and scripts start them: real processes, real sockets, real files."""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import (
    PASSWORD,
    PATIENCE,
    ROOT,
    World,
    a_world,
    clean_environment,
    free_port,
    stop,
    wait_until,
)

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name != "posix", reason="signals and terminals are POSIX's"),
]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        yield world


@pytest.fixture
def no_tkinter(tmp_path: Path) -> str:
    """A PYTHONPATH on which there is none."""
    folder = tmp_path / "without"
    folder.mkdir()
    (folder / "tkinter.py").write_text(
        'raise ModuleNotFoundError("No module named \'tkinter\'", name="tkinter")\n',
        encoding="utf-8",
    )
    return str(folder)


# --- without a screen ---


@pytest.mark.parametrize("program", ["server.py", "client.py"])
@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_need_neither_tk_nor_a_screen(
    world: World, no_tkinter: str, program: str, flag: str
) -> None:
    started = world.run(program, flag, PYTHONPATH=no_tkinter, DISPLAY="")

    assert started.exit_code() == 0
    assert "Ruang" in "".join(started.lines) or "room" in "".join(started.lines)


@pytest.mark.parametrize(
    ("program", "instead"), [("server.py", "--headless"), ("client.py", "--terminal")]
)
def test_without_tkinter_one_is_told_what_to_install_and_what_to_do_instead(
    world: World, no_tkinter: str, program: str, instead: str
) -> None:
    started = world.run(program, PYTHONPATH=no_tkinter, RUANG_DATA=str(world.folder / "room"))

    assert started.exit_code() == 1
    errors = started.errors()
    assert "python3-tk" in errors
    assert instead in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("program", "instead"), [("server.py", "--headless"), ("client.py", "--terminal")]
)
def test_without_a_screen_one_is_told_what_to_do_instead(
    world: World, program: str, instead: str
) -> None:
    started = world.run(
        program, DISPLAY="", WAYLAND_DISPLAY="", RUANG_DATA=str(world.folder / "room")
    )

    assert started.exit_code() == 1
    errors = started.errors()
    assert instead in errors
    assert "Traceback" not in errors


# --- starting a server ---


def test_a_ready_server_says_so_in_one_line(world: World) -> None:
    server = world.server()

    assert server.lines == [f"ready 127.0.0.1:{world.port} key {world.key}"]
    assert re.fullmatch(r"([0-9A-F]{4}-){3}[0-9A-F]{4}", world.key)
    assert stop(server) == 0
    assert len(server.lines) == 1


def test_a_server_keeps_its_key(world: World) -> None:
    stop(world.server())
    key = world.key

    world.server()

    assert world.key == key


def test_a_taken_port_ends_with_5_and_a_sentence(world: World) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        world.port = taken.getsockname()[1]
        server = world.start_server()

        assert server.exit_code() == 5
        assert f"Port {world.port} is taken by another program" in server.errors()


def test_a_second_server_on_one_folder_is_refused(world: World) -> None:
    first = world.server()
    world.port = free_port()

    second = world.start_server()

    assert second.exit_code() == 1
    assert "Another server is already using" in second.errors()
    assert stop(first) == 0


@pytest.mark.parametrize(
    ("argv", "exit_code", "sentence"),
    [
        (("--bind", "999.1.1.1"), 1, "0.0.0.0"),
        (("--bind", "192.0.2.77"), 1, "is not an address of this computer"),
        (("--port", "99999"), 2, "from 1 to 65535"),
        (("--port", "x"), 2, "from 1 to 65535"),
        (("--password-file", "/does/not/exist"), 2, "cannot be read"),
        (("--no-password",), 2, "both"),
        (("--unknown",), 2, "--unknown"),
    ],
)
def test_a_server_that_cannot_start_says_why(
    world: World, argv: tuple[str, ...], exit_code: int, sentence: str
) -> None:
    server = world.start_server(*argv)

    assert server.exit_code() == exit_code
    errors = server.errors()
    assert sentence in errors
    assert "Traceback" not in errors


def test_a_folder_that_cannot_be_written_is_named(world: World) -> None:
    closed = world.folder / "closed"
    closed.mkdir(mode=0o500)
    if os.geteuid() == 0:  # who may write anywhere but there
        closed = Path("/sys")

    server = world.start_server(folder=f"{closed}/room")

    assert server.exit_code() == 1
    assert f"{closed}/room cannot be used" in server.errors()


def test_a_folder_that_is_a_file_is_named(world: World) -> None:
    (world.folder / "room").write_text("not a folder", encoding="utf-8")

    server = world.start_server()

    assert server.exit_code() == 1
    assert "cannot be used" in server.errors()


def test_a_server_without_a_password_is_not_started_unseen(world: World) -> None:
    server = world.run(
        "server.py", "--headless", "--port", str(free_port()), "--data", world.folder / "room"
    )

    assert server.exit_code() == 2
    assert "--password-file" in server.errors()


def test_a_room_may_be_open_if_its_operator_says_so(world: World) -> None:
    world.port = free_port()
    server = world.run(
        "server.py", "--headless", "--bind", "127.0.0.1", "--port", str(world.port),
        "--data", world.folder / "room", "--no-password",
    )  # fmt: skip
    server.wait_for(lambda line: line.startswith("ready"))

    world.entered("ana", RUANG_PASSWORD="")


# --- operating it ---


def test_the_end_of_standard_input_is_no_stop(world: World) -> None:
    server = world.server()

    server.end_input()

    world.entered("ana")
    assert stop(server) == 0


def test_exit_stops_a_server(world: World) -> None:
    server = world.server()

    server.type("exit")

    assert server.exit_code() == 0


def test_an_interrupted_server_ends_with_130(world: World) -> None:
    server = world.server()

    server.signal(signal.SIGINT)

    assert server.exit_code() == 130


def test_the_operator_kicks_and_bans(world: World) -> None:
    server = world.server()
    ana, budi = world.entered("ana"), world.entered("budi")

    server.type("/info", '/kick "ana"', "/ban budi 10", "/kick nobody", "/nope")

    assert ana.exit_code() == 4
    assert '"KICKED"' in ana.lines[-1]
    assert budi.exit_code() == 4
    assert '"BANNED"' in budi.lines[-1]
    again = world.client("budi")
    assert again.exit_code() == 4
    server.type("exit")
    assert server.exit_code() == 0
    errors = server.errors()
    assert "ana was kicked" in errors
    assert "nobody here is called nobody" in errors
    assert "/nope is not a command here" in errors


def test_the_log_holds_one_line_an_event_and_no_secret(world: World) -> None:
    server = world.server()
    ana = world.entered("ana")
    ana.type("rahasia besar")
    ana.event(status="OK", command="say")
    wrong = world.client("budi", RUANG_PASSWORD="salah-sekali")
    assert wrong.exit_code() == 4
    stop(server)

    log = (world.folder / "room" / "server.log").read_text(encoding="utf-8")
    assert "ana joined from 127.0.0.1:" in log
    assert "wrong password from 127.0.0.1" in log
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ ", line) for line in log.splitlines())
    for secret in (PASSWORD, "salah-sekali", "rahasia besar"):
        assert secret not in log
        assert secret not in server.errors()


# --- talking by script ---


@pytest.mark.parametrize("crypto", ["package", "pure"])
def test_people_talk_and_all_see_the_same(world: World, crypto: str) -> None:
    world.environment["RUANG_CRYPTO"] = crypto
    world.server()
    ana, budi = world.entered("ana"), world.entered("budi")

    ana.type(*(f"a{number}" for number in range(30)))
    budi.type(*(f"b{number}" for number in range(30)))
    for client in (ana, budi):
        client.end_input()
        assert client.exit_code() == 0

    late = world.entered("cici")
    late.end_input()
    assert late.exit_code() == 0
    assert [text for text in late.texts() if text[0] == "a"] == [f"a{n}" for n in range(30)]
    assert [text for text in late.texts() if text[0] == "b"] == [f"b{n}" for n in range(30)]
    assert ana.texts() == late.texts()[: len(ana.texts())]


def test_each_line_gets_its_answer_in_order(world: World) -> None:
    world.server()
    ana = world.client("ana")

    ana.type("halo", "/info", "//x", r'/say "satu\ndua"', "/nope", "login ana x", "exit")

    assert ana.exit_code() == 0
    answers = [line for line in ana.lines if '"status"' in line]
    assert [re.findall(r'"code": "(\w+)"', line)[0] for line in answers] == [
        "OK", "OK", "OK", "OK", "UNKNOWN_COMMAND", "NEEDS_SAY", "OK",
    ]  # fmt: skip
    assert ana.texts() == ["halo", "/x", "satu\ndua"]


def test_a_wrong_password_or_a_taken_name_ends_with_4(world: World) -> None:
    world.server()
    world.entered("ana")

    wrong = world.client("budi", RUANG_PASSWORD="salah")
    taken = world.client("Ana", RUANG_CONFIG=str(world.folder / "other"))

    assert (wrong.exit_code(), taken.exit_code()) == (4, 4)
    assert '"WRONG_PASSWORD"' in wrong.lines[-1]
    assert '"NAME_TAKEN"' in taken.lines[-1]


def test_nobody_at_the_address_ends_with_3(world: World) -> None:
    world.port = free_port()

    client = world.client("ana")

    assert client.exit_code() == 3
    assert '"UNREACHABLE"' in client.lines[-1]


def test_a_script_must_say_who_and_where(world: World) -> None:
    client = world.run("client.py", "--json")

    assert client.exit_code() == 2


def test_a_changed_key_is_a_hard_stop_until_it_is_trusted(world: World) -> None:
    stop(world.server(folder="old"))
    world.server(folder="old")
    ana = world.entered("ana")
    ana.end_input()
    assert ana.exit_code() == 0
    world.close()

    world.server(folder="new")
    stopped = world.client("ana")
    assert stopped.exit_code() == 4
    assert '"KEY_CHANGED"' in stopped.lines[-1]
    wrong = world.client("ana", "--trust-key", "0123-4567-89AB-CDEF")
    assert wrong.exit_code() == 4
    trusting = world.entered("ana", "--trust-key", world.key)
    trusting.end_input()
    assert trusting.exit_code() == 0

    world.entered("ana")


def test_a_key_may_be_named_before_the_first_visit(world: World) -> None:
    world.server()

    wrong = world.client("ana", "--trust-key", "0123-4567-89AB-CDEF")
    assert wrong.exit_code() == 4
    assert '"KEY_CHANGED"' in wrong.lines[-1]

    world.entered("ana", "--trust-key", world.key.lower())


def test_an_own_address_and_port_are_used(world: World) -> None:
    server = world.server()
    port = free_port()

    world.entered("ana", "--local", f"127.0.0.1:{port}")
    taken = world.client("budi", "--local", f"127.0.0.1:{port}")

    assert taken.exit_code() == 5
    assert '"OWN_ADDRESS"' in taken.lines[-1]
    stop(server)
    assert f"ana joined from 127.0.0.1:{port}" in server.errors()


def test_a_reader_that_goes_away_ends_a_script_without_a_traceback(world: World) -> None:
    world.server()
    ana = world.entered("ana")

    ana.stop_reading()
    ana.type("halo")

    assert ana.process.wait(PATIENCE) == 1
    assert ana.errors() == ""


# --- with a screen ---


@pytest.mark.tk
@pytest.mark.skipif("DISPLAY" not in os.environ, reason="needs a display")
@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
@pytest.mark.parametrize(
    ("program", "title"), [("server.py", "Ruang server"), ("client.py", "Ruang")]
)
def test_a_window_opens_and_leaves_well_on_a_signal(
    world: World, program: str, title: str, number: int, exit_code: int
) -> None:
    started = world.run(
        program,
        RUANG_DATA=str(world.folder / "room"),
        RUANG_CONFIG=str(world.folder / "config"),
    )
    window = ["xdotool", "search", "--sync", "--onlyvisible", "--name", f"^{title}$"]
    subprocess.run(window, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL)

    started.signal(number)

    assert started.exit_code() == exit_code
    assert started.errors() == ""


# --- disasters ---


def test_clients_come_back_by_themselves_after_a_server_was_killed(world: World) -> None:
    server = world.server()
    ana, budi = world.entered("ana"), world.entered("budi")
    ana.type("sebelum")
    budi.event(event="entry", text="sebelum")

    server.kill()
    ana.type("selama")
    world.server()
    started = time.monotonic()
    budi.event(event="entry", text="selama")
    ana.event(status="OK", number=4)

    assert time.monotonic() - started < 5
    budi.type("sesudah")
    for client in (ana, budi):
        client.event(event="entry", text="sesudah")
    assert ana.texts() == budi.texts() == ["sebelum", "selama", "sesudah"]


def test_clients_come_back_by_themselves_after_a_server_was_stopped(world: World) -> None:
    server = world.server()
    ana = world.entered("ana")

    assert stop(server) == 0
    ana.event(event="connection", state="lost")
    world.server()

    ana.type("lagi")
    ana.event(event="entry", text="lagi")


def test_what_a_killed_client_had_said_arrives_once(world: World) -> None:
    server = world.server()
    ana = world.entered("ana")
    ana.type("satu")
    ana.event(status="OK")

    server.signal(signal.SIGSTOP)
    ana.type("dua", "tiga")
    wait_until(lambda: (world.folder / "config" / "runs").exists() and "tiga" in runs(world))
    ana.kill()
    server.signal(signal.SIGCONT)
    again = world.entered("ana")
    again.event(event="entry", text="tiga")
    again.type("empat")
    again.event(event="entry", text="empat")

    assert again.event(state="entered")["returned"]
    assert again.texts() == ["satu", "dua", "tiga", "empat"]


def runs(world: World) -> str:
    folder = world.folder / "config" / "runs"
    return "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.json"))


# --- in a terminal ---


def test_a_pipe_can_use_the_terminal_way(world: World) -> None:
    world.server()
    client = world.client("ana", mode="--terminal")

    client.type("halo", "/info", "exit")

    assert client.exit_code() == 0
    assert "Name accepted. You can send messages now." in client.lines
    assert any(line.endswith("ana: halo") for line in client.lines)
    assert client.lines[-1] == "[INFO] Connection closed."
    assert not any("\x1b" in line for line in client.lines)


def test_the_end_of_a_pipe_waits_until_all_is_acknowledged(world: World) -> None:
    world.server()
    client = world.client("ana", mode="--terminal")
    client.type("halo")
    client.end_input()
    assert client.exit_code() == 0

    late = world.entered("budi")
    late.event(event="entry", text="halo")


class Person:
    """Somebody at a terminal: sees what is written, types on a keyboard."""

    def __init__(self, world: World, *argv: str) -> None:
        self._master, slave = pty.openpty()
        environment = {"RUANG_CONFIG": str(world.folder / "config"), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [sys.executable, ROOT / "client.py", "--terminal", f"127.0.0.1:{world.port}", *argv],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=clean_environment() | environment,
            start_new_session=True,
        )
        os.close(slave)
        self.seen = ""
        world.at_end.append(self.close)

    def see(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while text not in self.seen:
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f"never saw {text!r} but {self.seen!r}"
            self.seen += os.read(self._master, 4096).decode()

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE)

    def close(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE)
        os.close(self._master)


def test_a_person_at_a_terminal_is_asked_and_the_password_never_shown(world: World) -> None:
    world.server()
    world.entered("ana")
    person = Person(world)

    person.see("Room password: ")
    person.type("salah\r")
    person.see("Your name: ")
    person.type("ana\r")
    person.see("Wrong password")
    person.type(f"{PASSWORD}\r")
    person.see("That name is taken. Choose another one.")
    person.type("budi\r")
    person.see("Name accepted. You can send messages now.")
    person.type("hallo\x1b[D\x1b[D\x1b[D\x7f\x1b[Ca\r")
    person.see("budi: ")
    person.type("login budi rahasia\r")
    person.see("yes/no: ")
    person.type("no\r")
    person.see("Not sent.")
    person.type("exit\r")
    person.see("[INFO] Connection closed.")

    assert person.exit_code() == 0
    assert PASSWORD not in person.seen
    late = world.entered("cici")
    late.event(event="left", sender="budi")
    assert late.texts() == ["hlalo"]


def test_an_interrupt_at_a_terminal_ends_with_130(world: World) -> None:
    world.server()
    person = Person(world, "--name", "ana")
    person.see("Room password: ")
    person.type(f"{PASSWORD}\r")
    person.see("Name accepted.")

    person.process.send_signal(signal.SIGINT)

    assert person.exit_code() == 130

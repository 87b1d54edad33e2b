"""The walks of the descriptions this project grew from, by its programs as people start them.

Each is walked word for word: what is typed, and the sentence that comes back, in English and in
Indonesian. ``Script`` speaks through --json, ``Person`` sits at a terminal.
"""

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

EN, ID = 0, 1
LANGUAGES = pytest.mark.parametrize("language", [EN, ID], ids=["en", "id"])
WORDS = {  # by language
    "accepted": (
        "Name accepted. You can send messages now.",
        "Nama diterima. Anda sudah bisa mengirim pesan.",
    ),
    "name taken": ("That name is taken. Choose another one.", "Nama itu sudah dipakai."),
    "wrong room password": ("Wrong password.", "Kata sandi salah."),
    "closed": ("[INFO] Connection closed.", "[INFO] Connection closed."),
    "registered": ("Registration successful.", "Registrasi berhasil."),
    "user exists": ("Username already taken.", "User sudah ada"),
    "wrong login": ("Invalid username or password.", "User tidak ada atau password salah"),
    "logged out": ("Logged out.", "Logout berhasil"),
    "no session": ("No session. Log in first: /login USER PASSWORD", "Session tidak ditemukan"),
    "sent": ("Message sent", "Message sent"),
    "no such user": ("No such user", "User tidak ada"),
    "group added": ("Add group successful", "Add group Berhasil"),
    "group exists": ("Group already exists", "Group sudah ada"),
    "group joined": ("Joined kelompok-Bagan", "Join group berhasil: kelompok-Bagan"),
    "group missing": ("No such group", "Group belum ada"),
    "joined already": ("Already a member", "User sudah join"),
    "no such group": ("No such group", "Group tidak ditemukan"),
    "no member": ("Not a member of this group", "User bukan member grup"),
    "file sent": ("File sent: foto.png · 6 B", "File sent: foto.png · 6 B"),
    "no such file": ("No such file", "File tidak ditemukan"),
    "realm added": ("Realm added: kampus", "Realm berhasil ditambahkan: kampus"),
    "realm exists": ("Realm already exists: kampus", "Realm sudah ada: kampus"),
    "realm unreachable": ("Realm unreachable", "Realm tidak dapat dihubungi"),
    "realm password": (
        "Wrong password of that realm. With it: /addrealm R ADDRESS PORT PASSWORD",
        "Password realm itu salah. Dengan password: /addrealm R ADDRESS PORT PASSWORD",
    ),
    "no such realm": ("No such realm", "Realm tidak ditemukan"),
    "nothing unread": ("Nothing is unread.", "Tidak ada pesan baru."),
    "nothing found": ("Nothing found.", "Tidak ada yang ditemukan."),
}


class Words:
    """What the programs say in one language."""

    def __init__(self, language: int) -> None:
        self.name = ("en", "id")[language]
        self._language = language

    def __call__(self, key: str) -> str:
        return WORDS[key][self._language]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with a_world(tmp_path) as world:
        world.server()
        yield world


class Script:
    """A program that speaks JSON, on a computer of its own."""

    def __init__(self, world: World, name: str, words: Words, *argv: str, **more: str) -> None:
        config = str(world.folder / f"computer of {name}")
        environment = {"RUANG_LANG": words.name, "RUANG_CONFIG": config} | more
        self.program = world.client(name, *argv, **environment)
        self._answers = 0

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to this line."""
        self.program.type(line)
        self._answers += 1
        return self._answer(self._answers)

    def _answer(self, place: int) -> dict[str, Any]:
        def is_there(_: str) -> bool:
            return len(self._given()) >= place

        self.program.wait_for(is_there)
        return self._given()[place - 1]

    def _given(self) -> list[dict[str, Any]]:
        return [one for one in map(json.loads, self.program.lines) if "status" in one]

    def tell(self, line: str) -> tuple[str, str]:
        """Status and sentence."""
        answer = self.ask(line)
        return answer["status"], answer["message"]

    def hears(self, conversation: str, text: str) -> dict[str, Any]:
        return self.program.event(event="entry", conversation=conversation, text=text)

    def heard(self) -> list[tuple[str, str]]:
        """Everything that was ever said to it."""
        events = [json.loads(line) for line in self.program.lines]
        return [(one["conversation"], one["text"]) for one in events if one.get("event") == "entry"]

    def leave(self) -> None:
        assert self.ask("exit")["status"] == "OK"
        assert self.program.exit_code() == 0


class Person:
    """Somebody at a terminal, on a computer of their own."""

    def __init__(self, world: World, computer: str, words: Words) -> None:
        self.program: Program = world.run(
            "client.py", "--terminal", f"127.0.0.1:{world.port}",
            RUANG_LANG=words.name, RUANG_CONFIG=str(world.folder / f"computer of {computer}"),
        )  # fmt: skip
        self._seen = 0

    def types(self, *lines: str) -> "Person":
        """What came before is not read again."""
        self._seen = len(self.program.lines)
        self.program.type(*lines)
        return self

    def reads(self, *sentences: str) -> str:
        """The line with the last of these sentences."""
        line = ""
        for sentence in sentences:
            line = self.program.wait_for(partial(_contains, sentence), self._seen)
        return line


def _contains(part: str, line: str) -> bool:
    return part in line


def OK(message: str) -> tuple[str, str]:  # noqa: N802 - reads as the protocol's word
    return "OK", message


def ERROR(message: str) -> tuple[str, str]:  # noqa: N802
    return "ERROR", message


def password_of(name: str) -> str:
    return f"rahasia-{name}"


def register(script: Script, words: Words, *names: str) -> None:
    """Whoever is in may do it for somebody else."""
    for name in names:
        line = f"/register {name} {password_of(name)} Argentina {name}"
        assert script.tell(line) == OK(words("registered"))


def log_in(world: World, words: Words, name: str, computer: str = "") -> Script:
    script = Script(world, computer or f"tamu-{name}", words)
    answer = script.ask(f"/login {name} {password_of(name)}")
    assert answer["status"] == "OK"
    assert answer["token"] in answer["message"]
    return script


# --- a room password, a name of one's own, messages to everybody ---


@LANGUAGES
def test_a_password_a_name_and_messages_to_everybody(world: World, language: int) -> None:
    words = Words(language)
    ana, budi = Person(world, "ana", words), Script(world, "budi", words)
    budi.program.event(event="connection", state="entered", message=words("accepted"))

    ana.types("kegeprek", "budi").reads(words("wrong room password"))
    ana.types(PASSWORD).reads(words("name taken"))
    ana.types("ana").reads(words("accepted"))
    ana.types("halo semua").reads("ana: halo semua")
    budi.hears("room", "halo semua")
    assert budi.tell("halo ana") == OK(words("sent"))
    ana.reads("budi: halo ana")
    ana.types("exit").reads(words("closed"))

    assert ana.program.exit_code() == 0


# --- register, log in, talk, exit ---


@LANGUAGES
def test_register_log_in_talk_and_exit_at_a_terminal(world: World, language: int) -> None:
    words = Words(language)
    ana = Person(world, "ana", words)

    ana.types("salah", "register ana gol").reads(words("wrong room password"))
    ana.types(PASSWORD).reads(words("registered"))
    ana.types("register ana lain").reads(words("user exists"))
    ana.types("login ana salah").reads(words("wrong login"))
    ana.types("login nobody gol").reads(words("wrong login"))
    ana.types("login ana gol").reads(words("accepted"))
    ana.types("halo").reads("ana: halo")
    ana.types("/logout").reads(words("logged out"))
    ana.types("halo?").reads(words("no session"))
    ana.types("login ana gol").reads(words("accepted"))
    ana.types("masih di sini").reads("ana: masih di sini")
    ana.types("exit").reads(words("closed"))

    assert ana.program.exit_code() == 0


@LANGUAGES
def test_register_log_in_talk_and_exit_by_script(world: World, language: int) -> None:
    words = Words(language)
    ana = Script(world, "tamu", words)

    assert ana.tell("/register ana gol Indonesia Ana Wijaya") == OK(words("registered"))
    assert ana.tell("/register ana lain") == ERROR(words("user exists"))
    assert ana.tell("/auth ana salah") == ERROR(words("wrong login"))
    assert ana.tell("/auth nobody gol") == ERROR(words("wrong login"))
    login = ana.ask("/auth ana gol")
    assert (login["status"], len(login["token"])) == ("OK", 64)
    ana.program.event(event="identity", name="ana", account=True, token=login["token"])
    assert ana.tell("halo") == OK(words("sent"))
    assert "ana" in ana.ask("/info")["message"]
    assert ana.tell("/logout") == OK(words("logged out"))
    for line in ("halo", "/send ana x", "/addgroup x", "/joingroup x", "/sendgroup x y", "/inbox"):
        assert ana.tell(line) == ERROR(words("no session"))
    assert ana.tell("exit") == OK(words("closed"))

    assert ana.program.exit_code() == 0
    assert ana.heard() == [("room", "halo")]


# --- a private message to somebody who is away ---


@LANGUAGES
def test_a_private_message_waits_for_who_logs_in_later(world: World, language: int) -> None:
    words = Words(language)
    stranger, messi = Script(world, "orang lain", words), Person(world, "messi", words)
    register(stranger, words, "messi", "henderson")

    messi.types(PASSWORD, f"login messi {password_of('messi')}").reads(words("accepted"))
    messi.types("/send henderson halo, selamat malam").reads(words("sent"))
    messi.types("/send nobody halo").reads(words("no such user"))
    messi.types("exit").reads(words("closed"))
    henderson = log_in(world, words, "henderson")
    first, second = henderson.ask("/inbox"), henderson.ask("/inbox")
    assert henderson.tell("/send messi malam juga") == OK(words("sent"))
    tablet = log_in(world, words, "henderson", "tablet")
    messi = Person(world, "messi", words)
    messi.types(PASSWORD, f"login messi {password_of('messi')}").reads(words("accepted"))

    assert "henderson" in messi.types("/inbox").reads("malam juga")
    messi.types("/inbox").reads(words("nothing unread"))
    found = [(one["conversation"], one["sender"], one["text"]) for one in first["messages"]]
    assert found == [("private:messi", "messi", "halo, selamat malam")]
    assert (second["messages"], second["message"]) == ([], words("nothing unread"))
    tablet.hears("private:messi", "halo, selamat malam")
    assert tablet.ask("/inbox")["messages"] == []  # read on the other device
    assert stranger.tell("/search selamat") == OK(words("nothing found"))
    assert stranger.heard() == []


# --- a group ---


@LANGUAGES
def test_a_group_is_made_listed_joined_and_closed_to_others(world: World, language: int) -> None:
    words = Words(language)
    messi, lineker = Script(world, "messi", words), Person(world, "lineker", words)
    register(messi, words, "lineker", "henderson")
    henderson = log_in(world, words, "henderson")
    lineker.types(PASSWORD, f"login lineker {password_of('lineker')}").reads(words("accepted"))

    lineker.types("/addgroup kelompok-Bagan").reads(words("group added"))
    lineker.types("/addgroup Kelompok-bagan").reads(words("group exists"))
    lineker.types("/sendgroup kelompok-Bagan halo semua").reads(words("sent"))
    assert "kelompok-Bagan" in henderson.ask("/groups")["message"]
    assert henderson.tell("/joingroup new") == ERROR(words("group missing"))
    assert henderson.tell("/joingroup kelompok-Bagan") == OK(words("group joined"))
    assert henderson.tell("/joingroup kelompok-Bagan") == ERROR(words("joined already"))
    henderson.hears("group:kelompok-Bagan", "halo semua")
    lineker.types("/groups").reads("kelompok-Bagan")
    assert henderson.tell("/sendgroup kelompok-Bagan halo lineker") == OK(words("sent"))
    assert "henderson" in lineker.reads("halo lineker")
    assert "henderson" in lineker.types("/members kelompok-Bagan").reads("lineker")

    for line in ("/sendgroup kelompok-Bagan x", "/members kelompok-Bagan"):
        assert messi.tell(line) == ERROR(words("no member"))
    assert messi.tell("/leavegroup kelompok-Bagan") == ERROR(words("no member"))
    assert messi.tell("/sendgroup new x") == ERROR(words("no such group"))
    assert messi.tell("/search halo") == OK(words("nothing found"))
    assert messi.ask("/inbox")["messages"] == []
    assert messi.heard() == []

    assert henderson.ask("/leavegroup kelompok-Bagan")["status"] == "OK"
    lineker.types("/sendgroup kelompok-Bagan tinggal aku").reads(words("sent"))
    assert henderson.tell("/sendgroup kelompok-Bagan x") == ERROR(words("no member"))
    assert ("group:kelompok-Bagan", "tinggal aku") not in henderson.heard()


# --- files ---


@LANGUAGES
def test_a_file_is_sent_to_a_user_who_is_away_and_to_a_group(world: World, language: int) -> None:
    words = Words(language)
    path = world.folder / "foto.png"
    path.write_bytes(b"gambar")
    clerk = Script(world, "petugas", words)
    register(clerk, words, "messi", "henderson")
    messi = log_in(world, words, "messi")
    assert messi.tell("/addgroup kelompok-Bagan") == OK(words("group added"))

    assert messi.tell(f"/sendfile henderson {path}") == OK(words("file sent"))
    assert messi.tell(f"/sendfile nobody {path}") == ERROR(words("no such user"))
    assert messi.tell("/sendfile henderson hilang.png") == ERROR(words("no such file"))
    assert messi.tell(f"/sendgroupfile kelompok-Bagan {path}") == OK(words("file sent"))
    assert messi.tell(f"/sendgroupfile new {path}") == ERROR(words("no such group"))
    assert clerk.tell(f"/sendgroupfile kelompok-Bagan {path}") == ERROR(words("no member"))
    assert messi.tell("/sendgroupfile kelompok-Bagan x.png") == ERROR(words("no such file"))
    henderson = log_in(world, words, "henderson")
    (unread,) = henderson.ask("/inbox")["messages"]
    saved = henderson.ask("/get @messi/foto.png")

    assert (unread["conversation"], unread["name"]) == ("private:messi", "foto.png")
    assert Path(saved["path"]).read_bytes() == b"gambar"
    assert messi.tell("/logout") == OK(words("logged out"))
    for line in (f"/sendfile henderson {path}", f"/sendgroupfile x {path}", "/logout"):
        assert messi.tell(line) == ERROR(words("no session"))


# --- other realms ---


@pytest.fixture
def campus(tmp_path: Path) -> Iterator[World]:
    """Another realm."""
    with a_world(tmp_path / "kampus", "127.0.0.2") as campus:
        campus.server("--name", "kampus")
        yield campus


@LANGUAGES
def test_realms_are_added_and_written_to(world: World, campus: World, language: int) -> None:
    words = Words(language)
    path = world.folder / "foto.png"
    path.write_bytes(b"gambar")
    petugas, clerk = Script(world, "petugas", words), Script(campus, "petugas", words)
    register(petugas, words, "messi")
    register(clerk, words, "henderson")
    messi, henderson = log_in(world, words, "messi"), log_in(campus, words, "henderson")
    assert henderson.tell("/addgroup kelompok-Bagan") == OK(words("group added"))
    place = f"127.0.0.2 {campus.port}"

    # adding
    assert messi.tell(f"/addrealm kampus {place} salah") == ERROR(words("realm password"))
    assert messi.tell("/addrealm kampus tidak..ada 8083") == ERROR(words("realm unreachable"))
    assert messi.tell(f"/addrealm kampus {place}") == OK(words("realm added"))
    assert messi.tell(f"/addrealm kampus {place}") == ERROR(words("realm exists"))

    # a message and a file to somebody there
    assert messi.tell("/sendprivaterealm kampus henderson halo, malam") == OK(words("sent"))
    assert messi.tell(f"/sendfilerealm kampus henderson {path}") == OK(words("file sent"))
    henderson_is_not_here = {
        "/sendprivaterealm lain henderson halo": "no such realm",
        "/sendprivaterealm kampus nobody halo": "no such user",
        f"/sendfilerealm lain henderson {path}": "no such realm",
        f"/sendfilerealm kampus nobody {path}": "no such user",
        "/sendfilerealm kampus henderson hilang.png": "no such file",
    }
    for line, why in henderson_is_not_here.items():
        assert messi.tell(line) == ERROR(words(why))

    # and to a group there
    assert messi.tell("/sendgrouprealm kampus kelompok-Bagan semua") == OK(words("sent"))
    assert messi.tell(f"/sendgroupfilerealm kampus kelompok-Bagan {path}") == OK(words("file sent"))
    no_group = {
        "/sendgrouprealm lain kelompok-Bagan x": "no such realm",
        "/sendgrouprealm kampus new x": "no such group",
        f"/sendgroupfilerealm lain kelompok-Bagan {path}": "no such realm",
        f"/sendgroupfilerealm kampus new {path}": "no such group",
        "/sendgroupfilerealm kampus kelompok-Bagan hilang.png": "no such file",
    }
    for line, why in no_group.items():
        assert messi.tell(line) == ERROR(words(why))

    # what came from there
    (realm,) = (one["name"] for one in henderson.ask("/realms")["realms"])
    there = "group:kelompok-Bagan"
    for conversation in (f"private:messi@{realm}", there):
        henderson.program.event(event="entry", conversation=conversation, name="foto.png")
    unread = henderson.ask(f"/getrealminbox {realm}")["messages"]
    assert [one["text"] for one in unread] == ["halo, malam", "foto.png"]
    assert henderson.tell(f"/getrealminbox {realm}") == OK(words("nothing unread"))
    assert henderson.tell("/getrealminbox lain") == ERROR(words("no such realm"))
    saved = henderson.ask(f"/get @messi@{realm}/foto.png")
    assert Path(saved["path"]).read_bytes() == b"gambar"
    assert henderson.tell(f"/sendprivaterealm {realm} messi malam juga") == OK(words("sent"))
    messi.hears("private:henderson@kampus", "malam juga")
    assert [one["text"] for one in messi.ask("/getrealminbox kampus")["messages"]] == ["malam juga"]
    assert ("group:kelompok-Bagan@kampus", "semua") in messi.heard()

    # and nothing of it without a session
    assert messi.tell("/logout") == OK(words("logged out"))
    for line in (
        f"/addrealm lain {place}",
        "/sendprivaterealm kampus henderson x",
        f"/sendfilerealm kampus henderson {path}",
        "/sendgrouprealm kampus kelompok-Bagan x",
        f"/sendgroupfilerealm kampus kelompok-Bagan {path}",
        "/getrealminbox kampus",
    ):
        assert messi.tell(line) == ERROR(words("no session"))


# --- names that pass on, and accounts that stay ---


def test_whoever_takes_a_guest_s_name_later_does_not_get_their_conversations(world: World) -> None:
    words = Words(EN)
    ana, budi = Script(world, "ana", words), Script(world, "budi", words)
    budi.program.event(event="connection", state="entered")
    assert ana.tell("/send budi hanya kita") == OK("Message sent")
    budi.hears("private:ana", "hanya kita")
    ana.leave()

    other = Script(world, "ana", words, RUANG_CONFIG=str(world.folder / "another computer"))
    assert other.ask("/inbox")["messages"] == []
    assert other.tell("/search kita") == OK(words("nothing found"))
    assert budi.tell("/send ana siapa kamu?") == OK("Message sent")
    other.hears("private:budi", "siapa kamu?")

    assert other.heard() == [("private:budi", "siapa kamu?")]


def with_account(world: World, name: str, password: str) -> Script:
    """As the command line says."""
    return Script(world, "tamu", Words(EN), "--login", name, RUANG_LOGIN_PASSWORD=password)


def test_a_login_on_the_command_line_that_is_refused_ends_with_4(world: World) -> None:
    script = with_account(world, "messi", "salah")
    script.program.type("this must not be said")

    assert script.program.exit_code() == 4
    assert json.loads(script.program.lines[-1])["code"] == "WRONG_LOGIN"
    assert "this must not be said" not in world.entered("ana").texts()


def test_a_killed_account_returns_and_no_passing_name_is_remembered(world: World) -> None:
    register(Script(world, "petugas", Words(EN)), Words(EN), "messi")
    killed = with_account(world, "messi", password_of("messi"))
    killed.program.event(event="identity", name="messi", account=True)
    assert killed.tell("halo") == OK("Message sent")
    killed.program.kill()

    again = with_account(world, "messi", password_of("messi"))

    again.program.event(event="connection", state="entered", name="messi", returned=True)
    kept = (world.folder / "computer of tamu" / "rooms.json").read_text(encoding="utf-8")
    assert [room["name"] for room in json.loads(kept)["rooms"]] == ["messi"]

import pytest

from conversation import Presence
from protocol import Code
from server_console import Console, EventLog, Shown, ready_line
from server_events import (
    AddRealm,
    BanPerson,
    Command,
    CutRealm,
    DropRealm,
    FileRow,
    FilesListed,
    FileSpace,
    Happened,
    HappeningKind,
    Kick,
    ListFiles,
    ListRealms,
    Mute,
    OperatorAnswered,
    PersonRow,
    RealmRow,
    RealmsListed,
    RealmState,
    RemoveFile,
    ResetPassword,
    RestoreRealm,
    Started,
    StatusReported,
    Stop,
    Unban,
    Unmute,
)
from texts import Texts

KEY = bytes(32)
KAMPUS = ("kampus", "10.0.0.9", 8083)
STARTED = Started(("127.0.0.1", 8083), KEY, "Lab", 3, 1)
ANA = PersonRow(1, "ana", ("10.0.0.5", 5000), Presence.HERE, 0.002, 0.0, 1_763_713_969_000, False)


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("exit", Stop()),
        (" exit ", Stop()),
        ("/kick ana", Kick("ana")),
        ("kick ana", Kick("ana")),
        ('/kick "Ibu Sari"', Kick("Ibu Sari")),
        ("/KICK 'Ibu Sari'", Kick("Ibu Sari")),
        ("/ban ana", BanPerson("ana")),
        ("/ban ana 30", BanPerson("ana", 30)),
        ("/unban ana", Unban("ana")),
        ("/mute ana 5", Mute("ana", 5)),
        ("/mute ana", Mute("ana")),
        ("/unmute ana", Unmute("ana")),
        ("/reset ana", ResetPassword("ana")),
        ("/files", ListFiles()),
        ("/realms", ListRealms()),
        ("/addrealm kampus 10.0.0.9 8083", AddRealm("kampus", "10.0.0.9", 8083)),
        ("/addrealm kampus 10.0.0.9 8083 'biru laut'", AddRealm(*KAMPUS, "biru laut")),
        ('/addrealm kampus 10.0.0.9 8083 "biru laut"', AddRealm(*KAMPUS, "biru laut")),
        ("/addrealm kampus 10.0.0.9 8083 biru  laut ", AddRealm(*KAMPUS, "biru  laut")),
        ("/addrealm kampus 10.0.0.9 8083 jum'at sore", AddRealm(*KAMPUS, "jum'at sore")),
        ("/addrealm '' 10.0.0.9 8083", AddRealm("", *KAMPUS[1:])),
        ("/cutrealm kampus", CutRealm("kampus")),
        ("/restorerealm kampus", RestoreRealm("kampus")),
        ("/delrealm kampus", DropRealm("kampus")),
    ],
)
def test_the_operator_commands_by_typing(line: str, command: Command) -> None:
    assert Console(Texts("en")).interpret(line) == command


@pytest.mark.parametrize(
    "line",
    [
        "/kick",
        "/kick ana budi",
        "/addrealm kampus 10.0.0.9",
        "/addrealm kampus 10.0.0.9 port",
        "/addrealm",
        '/addrealm "kampus 10.0.0.9 8083',
        '/addrealm kampus 10.0.0.9 8083 "biru laut',
        "/addrealm kampus 10.0.0.9 8083 'biru' laut",
        "/delrealm",
        "/kick ana 30",
        "/ban",
        "/ban ana 0",
        "/ban ana -5",
        "/ban ana forever",
        "/ban ana 99999999999999",
        "/ban ana 30 30",
        "/nope",
        "/files ana",
        "/removefile",
        "/removefile 1 2",
        "/removefile 0",
        "/removefile 1",
        "/removefile foto.png",
        "halo",
        '/kick "ana budi',
    ],
)
def test_a_wrong_line_commands_nothing_and_is_explained(line: str) -> None:
    shown = Console(Texts("en")).interpret(line)

    assert isinstance(shown, Shown)
    assert len(shown.lines) == 1


@pytest.mark.parametrize("line", ["", "   "])
def test_an_empty_line_is_nothing(line: str) -> None:
    assert Console(Texts("en")).interpret(line) is None


@pytest.mark.parametrize("language", ["en", "id"])
def test_help_names_every_command(language: str) -> None:
    shown = Console(Texts(language)).interpret("/help")

    assert isinstance(shown, Shown)
    for command in ("/kick", "/ban", "/unban", "/mute", "/unmute", "/reset", "/info", "exit"):
        assert any(line.startswith(command) for line in shown.lines)
    for command in ("/files", "/removefile"):
        assert any(line.startswith(command) for line in shown.lines)


def test_info_lists_who_is_here() -> None:
    console = Console(Texts("en"))
    console.apply(STARTED)
    console.apply(StatusReported((ANA,), 7, 1_763_713_970_000))

    shown = console.interpret("/info")

    assert isinstance(shown, Shown)
    assert "1 person" in shown.lines[0]
    assert "ana" in shown.lines[1]
    assert "10.0.0.5:5000" in shown.lines[1]


def test_files_are_listed_with_numbers_by_which_they_are_removed() -> None:
    console = Console(Texts("en"))
    photo = FileRow(b"\xf1" * 32, "foto\x1b.png", 1_200_000, "ana", 1_763_713_969_000)
    nameless = FileRow(b"\xf2" * 32, "", 5, "", 1_763_713_969_000)

    space = FileSpace(2, 1_200_005, 0, 10_000_000_000, 2_000_000_000, 5_000_000_000, 0)

    lines = console.files(FilesListed((photo, nameless), (), space))

    assert lines == (
        "1.2 MB of 10 GB are used for files; 5.0 GB are left on the disk.",
        "1  foto\ufffd.png · 1.2 MB  ana",
        "2  f2f2f2f2f2f2f2f2 · 5 B  —",
    )
    assert console.interpret("/removefile 1") == RemoveFile(photo.file, photo.name)
    assert console.interpret("removefile 2") == RemoveFile(nameless.file, "")
    assert isinstance(console.interpret("/removefile 3"), Shown)


def test_how_a_command_ended_is_told() -> None:
    console = Console(Texts("en"))

    assert console.answer(OperatorAnswered(Kick("ana"), Code.OK)) == "Done: ana"
    assert "\x1b" not in console.answer(OperatorAnswered(Kick("\x1b[2J"), Code.NO_SESSION))
    missing = OperatorAnswered(RemoveFile(b"", "foto.png"), Code.FILE_MISSING)
    assert console.answer(missing) == "there is no such file: foto.png"


def test_a_one_time_password_is_shown_to_the_operator_and_kept_out_of_the_log() -> None:
    answered = OperatorAnswered(ResetPassword("ana"), Code.OK, "danau-kucing-lampu-sepeda")

    assert "danau-kucing-lampu-sepeda" in Console(Texts("id")).answer(answered)
    assert EventLog(Texts("id")).lines(answered) == []


def test_each_event_worth_keeping_is_one_line_of_the_log() -> None:
    log = EventLog(Texts("en"))

    assert log.lines(STARTED) == ["server started: Lab; messages in the history: 3"]
    assert log.lines(StatusReported((), 0, 2)) == []
    evil = Happened(HappeningKind.JOINED, 3, "a\nb\x1b", ("10.0.0.5", 5000))
    assert log.lines(evil) == ["a\ufffdb\ufffd joined from 10.0.0.5:5000"]


@pytest.mark.parametrize(
    ("host", "place"), [("127.0.0.1", "127.0.0.1:8083"), ("::1", "[::1]:8083")]
)
def test_the_ready_line_never_changes(host: str, place: str) -> None:
    started = Started((host, 8083), KEY, "Lab", 0, 1)

    line = ready_line(started, "7F3A-91C2-08DE-55B1")

    assert line == f"ready {place} key 7F3A-91C2-08DE-55B1"


def test_the_operator_reads_how_the_links_stand() -> None:
    console = Console(Texts("en"))
    linked = RealmRow("kampus", RealmState.LINKED, 1, 0, 0.01, ("10.0.0.9", 8083), "")
    away = RealmRow("rumah", RealmState.AWAY, 1, 12, None, None, "ana")
    cut = RealmRow("toko", RealmState.CUT, 1, 0, None, ("::1", 9), "")

    assert console.realms(RealmsListed((linked, away, cut))) == (
        "kampus  linked  10.0.0.9:8083  waiting: 0",
        "rumah  away  —  waiting: 12",
        "toko  cut off  [::1]:9  waiting: 0",
    )
    assert console.realms(RealmsListed(())) == ("No realm is linked.",)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (HappeningKind.REALM_PASSWORD, "refuses our password: /delrealm rumah, then /addrealm"),
        (HappeningKind.REALM_KEY_CHANGED, "somebody with another key answers there"),
        (HappeningKind.REALM_REFUSED, "refuses the link"),
    ],
)
def test_the_operator_reads_why_a_realm_is_away_and_what_to_do(
    trouble: HappeningKind, words: str
) -> None:
    away = RealmRow("rumah", RealmState.AWAY, 1, 2, None, ("10.0.0.9", 8083), "", trouble=trouble)

    (shown,) = Console(Texts("en")).realms(RealmsListed((away,)))

    assert shown.startswith(f"rumah  away  10.0.0.9:8083  waiting: 2  ({words}")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (AddRealm(*KAMPUS), Code.OK, "Realm added: kampus"),
        (CutRealm("kampus"), Code.OK, "Done: kampus"),
        (CutRealm("kampus"), Code.NO_SUCH_REALM, "no realm is called kampus here"),
        (AddRealm(*KAMPUS), Code.REALM_UNREACHABLE, "kampus: no server answers at that address"),
        (AddRealm(*KAMPUS), Code.DISK_FULL, "the disk is full"),
    ],
)
def test_the_operator_reads_how_a_command_about_a_realm_ended(
    command: Command, code: Code, words: str
) -> None:
    line = Console(Texts("en")).answer(OperatorAnswered(command, code))

    assert line.startswith(words)


def test_the_operator_reads_that_a_realm_which_calls_comes_back() -> None:
    dropped = OperatorAnswered(DropRealm("kampus"), Code.OK, calls_us=True)

    line = Console(Texts("en")).answer(dropped)

    assert line.startswith("Done: kampus. But that server calls")
    assert "/cutrealm" in line


def test_every_happening_has_a_sentence() -> None:
    lines = EventLog(Texts("en")).lines

    assert all(lines(Happened(kind, 1_763_713_969_000, "x")) for kind in HappeningKind)

import json
import os
import stat
from pathlib import Path

import pytest

from settings import (
    Exit,
    Limits,
    Mode,
    SavedServer,
    ServerOptions,
    WhoMayLink,
    how_to_install_tkinter,
    load_saved,
    parse_client,
    parse_key,
    parse_place,
    parse_port,
    parse_server,
    parse_size,
    save_server,
)


@pytest.mark.parametrize("text", ["1", "8083", "65535"])
def test_a_port_is_a_number_in_range(text: str) -> None:
    assert parse_port(text) == int(text)


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "99999", "-1", "8o83", "\uff18\uff10", "1" * 5000]
)
def test_anything_else_is_no_port(text: str) -> None:
    with pytest.raises(ValueError, match=r"cli\.error\.port"):
        parse_port(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("192.168.1.20", ("192.168.1.20", 8083)),
        ("192.168.1.20:9000", ("192.168.1.20", 9000)),
        ("lab.local:9000", ("lab.local", 9000)),
        ("[fe80::1]:9000", ("fe80::1", 9000)),
        ("[fe80::1]", ("fe80::1", 8083)),
        ("fe80::1", ("fe80::1", 8083)),
        ("  lab  ", ("lab", 8083)),
    ],
)
def test_a_place_is_written_as_people_write_it(text: str, place: tuple[str, int]) -> None:
    assert parse_place(text) == place


@pytest.mark.parametrize("text", ["", ":8083", "lab:", "lab:x", "[::1", "[::1]8083", "a b"])
def test_anything_else_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match=r"cli\.error"):
        parse_place(text)


@pytest.mark.parametrize(
    "text", ["7F3A-91C2-08DE-55B1", "7f3a 91c2 08de 55b1", "7F3A91C208DE55B1", "7F:3A:91C208DE55B1"]
)
def test_a_key_may_be_typed_as_its_groups(text: str) -> None:
    assert parse_key(text) == "7F3A91C208DE55B1"


def test_a_key_may_be_given_whole() -> None:
    assert parse_key("ab" * 32) == "AB" * 32


@pytest.mark.parametrize("text", ["", "7F3A", "7F3A-91C2-08DE-55BX", "ab" * 31])
def test_anything_else_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"cli\.error\.key"):
        parse_key(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [("20GB", 20_000_000_000), (" 500 mb ", 500_000_000), ("1TB", 1_000_000_000_000)],
)
def test_a_size_is_written_as_disks_are_sold(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "20", "GB", "0GB", "-1GB", "1.5GB", "20GiB", "1" * 7 + "MB"])
def test_anything_else_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match=r"cli\.error\.size"):
        parse_size(text)


def server(folder: Path, *argv: str, **environment: str) -> ServerOptions:
    return parse_server(argv, {"LANG": "en"} | environment, folder)


def test_a_server_without_flags_listens_everywhere_on_8083(tmp_path: Path) -> None:
    options = server(tmp_path)

    settings = options.settings
    assert (settings.bind, settings.port, settings.data) == ("0.0.0.0", 8083, tmp_path)
    assert (settings.password, options.is_open, options.is_headless) == ("", False, False)


def test_the_space_for_files_can_be_chosen(tmp_path: Path) -> None:
    usual = server(tmp_path).settings.limits
    chosen = server(tmp_path, "--files-space", "20GB", RUANG_LARGEST_FILE="200 MB").settings.limits

    assert usual == Limits()
    assert (chosen.files_bytes, chosen.file_bytes) == (20_000_000_000, 200_000_000)
    with pytest.raises(SystemExit):
        server(tmp_path, "--files-space", "much")


def test_a_flag_beats_the_environment_which_beats_what_was_saved(tmp_path: Path) -> None:
    save_server(tmp_path, SavedServer(room_name="Lama", port=1111, password="disimpan"))
    word = tmp_path / "word"
    word.write_text("dari file\n", encoding="utf-8")

    saved = server(tmp_path)
    by_environment = server(tmp_path, RUANG_PORT="2222", RUANG_PASSWORD="dari luar")
    by_flag = server(
        tmp_path, "--port", "3333", "--password-file", str(word), RUANG_PORT="2222",
        RUANG_PASSWORD="dari luar",
    )  # fmt: skip

    assert (saved.settings.port, saved.settings.password) == (1111, "disimpan")
    assert saved.settings.room_name == "Lama"
    assert (by_environment.settings.port, by_environment.settings.password) == (2222, "dari luar")
    assert (by_flag.settings.port, by_flag.settings.password) == (3333, "dari file")


def test_who_may_add_realms_is_as_it_was_unless_a_flag_says_otherwise(tmp_path: Path) -> None:
    assert server(tmp_path).settings.realms is WhoMayLink.USERS
    save_server(tmp_path, SavedServer(realms="operator"))

    assert server(tmp_path).settings.realms is WhoMayLink.OPERATOR
    assert server(tmp_path, "--realms", "off").settings.realms is WhoMayLink.OFF


@pytest.mark.parametrize(
    "argv",
    [
        ("--port", "99999"),
        ("--port", "x"),
        ("--lang", "fr"),
        ("--log-level", "loud"),
        ("--realms", "all"),
        ("--name", "a\nb"),
        ("--password-file", "/does/not/exist"),
        ("--password", "secret"),
        ("--head",),
    ],
)
def test_a_wrong_command_line_is_a_usage_error(tmp_path: Path, argv: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        server(tmp_path, *argv)

    assert ended.value.code == Exit.USAGE


def test_a_wrong_environment_is_a_usage_error_too(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        server(tmp_path, RUANG_PORT="99999")

    assert ended.value.code == Exit.USAGE


def test_an_empty_password_must_be_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        server(tmp_path, RUANG_PASSWORD="")
    with pytest.raises(SystemExit):
        server(tmp_path, "--no-password", RUANG_PASSWORD="rahasia")

    options = server(tmp_path, "--no-password")

    assert options.is_open
    assert options.settings.password == ""


def test_no_password_is_ever_shown(tmp_path: Path) -> None:
    options = server(tmp_path, RUANG_PASSWORD="rahasia")
    environment = {"LANG": "en", "RUANG_PASSWORD": "rahasia", "RUANG_LOGIN_PASSWORD": "rahasia"}
    client = parse_client(["host", "--login", "ana"], environment)

    assert "rahasia" not in repr(options)
    assert "rahasia" not in repr(client)
    assert "rahasia" not in repr(SavedServer(password="rahasia"))


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("flag", ["--help", "--version"])
def test_help_and_version_end_well(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flag: str, language: str
) -> None:
    with pytest.raises(SystemExit) as of_server:
        server(tmp_path, "--lang", language, flag)
    with pytest.raises(SystemExit) as of_client:
        parse_client([f"--lang={language}", flag], {})

    assert (of_server.value.code, of_client.value.code) == (0, 0)
    assert "Ruang" in capsys.readouterr().out


def test_a_client_knows_three_ways() -> None:
    environment = {"LANG": "en", "RUANG_PASSWORD": "", "RUANG_NAME": "ana"}

    window = parse_client([], environment)
    terminal = parse_client(["--terminal", "lab:9000"], environment)
    script = parse_client(["--json", "lab"], environment | {"RUANG_PORT": "7000"})

    assert (window.mode, window.place) == (Mode.WINDOW, None)
    assert (terminal.mode, terminal.place) == (Mode.TERMINAL, ("lab", 9000))
    assert (script.mode, script.place, script.name) == (Mode.JSON, ("lab", 7000), "ana")
    assert script.password == ""


@pytest.mark.parametrize(
    "argv",
    [
        ("--json",),
        ("--json", "lab"),
        ("--json", "lab", "--name", "ana"),
        ("--json", "--terminal", "lab"),
        ("lab:0",),
        ("--trust-key", "x"),
        ("--local", "1.2.3.4:x"),
    ],
)
def test_a_wrong_command_line_of_a_client_is_a_usage_error(argv: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_client(argv, {"LANG": "en"})

    assert ended.value.code == Exit.USAGE


def test_a_script_may_log_in_instead_of_having_a_name(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("kata sandi\n", encoding="utf-8")
    argv = ["--json", "lab", "--login", "ana", "--login-password-file", str(secret)]

    script = parse_client(argv, {"RUANG_PASSWORD": "x"})

    assert (script.name, script.account, script.account_password) == (None, "ana", "kata sandi")


def test_a_password_for_logging_in_may_be_in_the_environment() -> None:
    environment = {"RUANG_PASSWORD": "x", "RUANG_LOGIN": "ana", "RUANG_LOGIN_PASSWORD": "rahasia"}

    script = parse_client(["--json", "lab"], environment)

    assert (script.account, script.account_password) == ("ana", "rahasia")


def test_a_script_that_logs_in_cannot_be_asked_for_a_password() -> None:
    with pytest.raises(SystemExit):
        parse_client(["--json", "lab", "--login", "ana"], {"LANG": "en", "RUANG_PASSWORD": "x"})

    person = parse_client(["--terminal", "lab", "--login", "ana"], {})
    assert (person.account, person.account_password) == ("ana", None)


def test_an_own_address_needs_no_port() -> None:
    assert parse_client(["--local", "10.0.0.5"], {}).local == ("10.0.0.5", 0)
    assert parse_client(["--local", "10.0.0.5:7"], {}).local == ("10.0.0.5", 7)


def test_what_a_server_saved_is_there_again_and_private(tmp_path: Path) -> None:
    saved = SavedServer("Lab", "127.0.0.1", 9000, "rahasia", False, "id", "dark", "operator")

    save_server(tmp_path, saved)

    assert load_saved(tmp_path) == saved
    if os.name == "posix":
        mode = (tmp_path / "settings.json").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        json.dumps({"port": "8083"}).encode(),
        json.dumps({"port": 0}).encode(),
        json.dumps({"unknown": 1}).encode(),
        json.dumps({"realms": "everybody"}).encode(),
    ],
)
def test_a_damaged_file_is_as_if_there_were_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)

    assert load_saved(tmp_path) == SavedServer()


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        save_server(tmp_path / "missing", SavedServer())


@pytest.mark.parametrize(
    ("platform", "os_release", "command"),
    [
        ("linux", "ID=ubuntu\nID_LIKE=debian\n", "apt install python3-tk"),
        ("linux", "ID=fedora\n", "dnf install python3-tkinter"),
        ("linux", "", "apt install python3-tk"),
        ("darwin", "", "brew install python-tk"),
        ("win32", "", "tcl/tk"),
    ],
)
def test_whoever_lacks_tkinter_is_told_how_to_get_it(
    platform: str, os_release: str, command: str
) -> None:
    assert command in how_to_install_tkinter(platform, os_release)

from pathlib import Path

import pytest

from client_paths import UserPaths, free_space

PATHS = UserPaths()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "Foto Kelas").mkdir()
    (tmp_path / "Foto Kelas" / "satu.png").write_bytes(b"x")
    return tmp_path


def test_a_tilde_is_the_users_home(home: Path) -> None:
    assert PATHS.file("~/Foto Kelas/satu.png") == home / "Foto Kelas" / "satu.png"
    assert PATHS.folder("~/Foto Kelas") == home / "Foto Kelas"


def test_other_paths_begin_where_the_program_was_started(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home / "Foto Kelas")

    assert PATHS.file("satu.png") == home / "Foto Kelas" / "satu.png"
    assert PATHS.folder(".") == home / "Foto Kelas"


@pytest.mark.parametrize("typed", ["entah.png", "~/entah", "~nobody-of-us/x", "a\0b", "\ud800"])
def test_what_is_not_there_is_neither_file_nor_folder(home: Path, typed: str) -> None:
    assert PATHS.file(typed) is None
    assert PATHS.folder(typed) is None


def test_a_folder_is_no_file_and_a_file_no_folder(home: Path) -> None:
    assert PATHS.file("~/Foto Kelas") is None
    assert PATHS.folder("~/Foto Kelas/satu.png") is None


def test_a_folder_that_is_not_made_yet_has_the_space_of_its_disk(home: Path) -> None:
    assert free_space(home / "entah" / "lagi") > 0
    assert free_space(home) > 0

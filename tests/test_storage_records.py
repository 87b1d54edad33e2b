"""Drafts, people, who is kept out, what outlives a restart: as saved, also by another process."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from protocol import Code
from records import (
    Ban,
    BanKind,
    DraftAnswer,
    GuessRecord,
    PersonRecord,
    RememberedSession,
    StreamRecord,
)
from storage_records import (
    ACCOUNT_TOKEN_LIFE,
    GUEST_TOKEN_LIFE,
    ONCE_LIFE,
    SESSION_LIFE,
    STREAM_LIFE,
    Records,
)
from storage_schema import Database

pytestmark = pytest.mark.uncounted

NOW = 1_800_000_000_000
HIGHEST = (1 << 64) - 1
STREAM, OTHER = b"s" * 16, b"o" * 16
ANA = PersonRecord(7, "Ana", is_present=True)
BUDI = PersonRecord((1 << 63) - 1, "Budi", is_present=False, is_account=True)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "ruang.db")) as database:
        yield database


@pytest.fixture
def records(database: Database) -> Records:
    return Records(database, NOW)


# --- drafts ---


def test_a_stream_never_seen_is_not_known(records: Records) -> None:
    assert records.stream(STREAM) is None


def test_a_new_stream_has_taken_nothing(records: Records) -> None:
    records.bind_stream(STREAM, 7, NOW)

    assert records.stream(STREAM) == StreamRecord(7, 1, 0, ())


def test_answers_of_every_kind_are_kept_in_order(records: Records) -> None:
    answers = (
        DraftAnswer(1, Code.OK, 1, 12, NOW),
        DraftAnswer(2, Code.NO_SUCH_CONVERSATION, HIGHEST),
        DraftAnswer(HIGHEST, Code.MUTED, 1),
    )
    records.bind_stream(STREAM, 7, NOW)
    records.bind_stream(OTHER, 8, NOW)

    for answer in reversed(answers):
        records.save_answer(STREAM, answer, NOW)

    assert records.stream(STREAM) == StreamRecord(7, 1, HIGHEST, answers)
    assert records.stream(OTHER) == StreamRecord(8, 1, 0, ())


def test_the_first_answer_stands(records: Records) -> None:
    first = DraftAnswer(1, Code.OK, 1, 12, NOW)
    records.bind_stream(STREAM, 7, NOW)
    records.save_answer(STREAM, first, NOW)

    records.save_answer(STREAM, DraftAnswer(1, Code.MUTED), NOW)

    assert records.stream(STREAM) == StreamRecord(7, 1, 1, (first,))


def test_answers_their_author_has_are_forgotten(records: Records) -> None:
    records.bind_stream(STREAM, 7, NOW)
    for draft in (1, 2, 3):
        records.save_answer(STREAM, DraftAnswer(draft, Code.OK, 1, draft, NOW), NOW)

    records.forget_answers(STREAM, 3)
    assert records.stream(STREAM) == StreamRecord(7, 3, 3, (DraftAnswer(3, Code.OK, 1, 3, NOW),))

    records.forget_answers(STREAM, HIGHEST)
    records.forget_answers(STREAM, 2)
    assert records.stream(STREAM) == StreamRecord(7, HIGHEST, HIGHEST - 1, ())


def test_a_stream_bound_again_keeps_its_answers(records: Records) -> None:
    answer = DraftAnswer(1, Code.OK, 1, 12, NOW)
    records.bind_stream(STREAM, 7, NOW)
    records.save_answer(STREAM, answer, NOW)

    records.bind_stream(STREAM, 9, NOW)

    assert records.stream(STREAM) == StreamRecord(9, 1, 1, (answer,))


# --- people ---


def test_people_are_found_by_number_and_by_presence(records: Records) -> None:
    records.save_person(ANA)
    records.save_person(BUDI)

    assert records.person(7) == ANA
    assert records.person(BUDI.person) == BUDI
    assert records.person(8) is None
    assert records.present_people() == [ANA]


def test_a_person_saved_again_is_replaced(records: Records) -> None:
    gone = PersonRecord(7, "Anna", is_present=False)
    records.save_person(ANA)

    records.save_person(gone)

    assert records.person(7) == gone
    assert records.present_people() == []


def test_a_token_counts_as_long_as_it_is_used(records: Records) -> None:
    records.save_token(b"t" * 32, 7, NOW)

    assert records.use_token(b"t" * 32, NOW, NOW + 100) == 7
    assert records.use_token(b"t" * 32, NOW + 100, NOW + 200) == 7
    assert records.use_token(b"t" * 32, NOW + 201, NOW + 300) is None
    assert records.use_token(b"u" * 32, NOW, NOW) is None


def test_dropping_the_tokens_of_one_leaves_those_of_others(records: Records) -> None:
    for token, person in ((b"a", 7), (b"b", 7), (b"c", 8)):
        records.save_token(token, person, NOW)

    records.drop_tokens(7)

    assert [records.use_token(token, NOW, NOW) for token in (b"a", b"b", b"c")] == [None, None, 8]


def test_the_answer_to_a_request_is_kept(records: Records) -> None:
    records.save_once(b"o" * 16, Code.OK, b"{}", NOW)

    assert records.once(b"o" * 16) == (Code.OK, b"{}")
    assert records.once(b"p" * 16) is None


# --- keeping out ---


def test_bans_get_numbers_and_go_by_them(records: Records) -> None:
    ban = Ban(0, BanKind.ENTER, 7, "Ana", "10.0.0.7", NOW, "=1+1")

    first = records.add_ban(ban)
    second = records.add_ban(Ban(0, BanKind.SPEAK, 8, "Budi", "", 0))
    assert records.bans() == [first, second]
    assert first == Ban(first.ban, BanKind.ENTER, 7, "Ana", "10.0.0.7", NOW, "=1+1")
    assert 0 < first.ban < second.ban

    records.drop_ban(first.ban)
    assert records.bans() == [second]


def test_guesses_are_replaced_as_a_whole(records: Records) -> None:
    records.save_guesses([GuessRecord("10.0.0.1", 3, NOW), GuessRecord("10.0.0.2", 1, NOW)])

    records.save_guesses([GuessRecord("10.0.0.2", 2, NOW + 1)])

    assert records.guesses() == [GuessRecord("10.0.0.2", 2, NOW + 1)]


# --- restarts ---


def test_sessions_are_remembered_until_they_end(records: Records) -> None:
    old, new = RememberedSession(5, "10.0.0.5", 5000), RememberedSession(HIGHEST, "::1", 65535)
    records.remember_session(old, NOW)
    records.remember_session(new, NOW + 10)
    assert records.remembered_sessions(NOW) == [old, new]
    assert records.remembered_sessions(NOW + 1) == [new]

    moved = RememberedSession(HIGHEST, "10.0.0.6", 6000)
    records.remember_session(moved, NOW + 20)
    records.forget_session(5)

    assert records.remembered_sessions(0) == [moved]


def test_everything_outlives_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "ruang.db"
    ban = Ban(0, BanKind.ENTER, 7, "Ana", "", 0)

    with closing(Database(path)) as database:
        records = Records(database, NOW)
        records.bind_stream(STREAM, 7, NOW)
        records.save_person(ANA)
        records.save_guesses([GuessRecord("10.0.0.1", 3, NOW)])
        ban = records.add_ban(ban)
        database.commit()

    with closing(Database(path)) as database:
        records = Records(database, NOW)
        assert records.stream(STREAM) == StreamRecord(7, 1, 0, ())
        assert records.present_people() == [ANA]
        assert records.guesses() == [GuessRecord("10.0.0.1", 3, NOW)]
        assert records.bans() == [ban]


# --- housekeeping ---


def known(records: Records) -> dict[str, Callable[[], bool]]:
    return {
        "once": lambda: records.once(b"o") is not None,
        "guest token": lambda: records.use_token(b"a", 0, 0) is not None,
        "account token": lambda: records.use_token(b"b", 0, 0) is not None,
        "stream": lambda: records.stream(STREAM) is not None,
        "session": lambda: records.remembered_sessions(0) != [],
    }


@pytest.mark.parametrize(
    ("what", "life"),
    [
        ("once", ONCE_LIFE),
        ("guest token", GUEST_TOKEN_LIFE),
        ("account token", ACCOUNT_TOKEN_LIFE),
        ("stream", STREAM_LIFE),
        ("session", SESSION_LIFE),
    ],
)
@pytest.mark.parametrize("is_past", [False, True])
def test_what_is_past_its_time_is_forgotten(
    records: Records, what: str, life: int, is_past: bool
) -> None:
    records.save_person(replace(ANA, is_present=False))
    records.save_person(BUDI)
    records.save_once(b"o", 0, b"{}", NOW)
    records.save_token(b"a", ANA.person, NOW)
    records.save_token(b"b", BUDI.person, NOW)
    records.bind_stream(STREAM, 7, NOW)
    records.save_answer(STREAM, DraftAnswer(1, Code.OK, 1, 1, NOW), NOW)
    records.remember_session(RememberedSession(1, "::1", 1), NOW)

    records.forget_old(NOW + life + is_past)

    assert known(records)[what]() is not is_past


def test_guests_are_lost_with_their_last_token_and_nobody_else_is(records: Records) -> None:
    away, later = replace(ANA, is_present=False), NOW + GUEST_TOKEN_LIFE + 1
    records.save_person(ANA)
    records.save_person(BUDI)
    for token, person in ((b"a", ANA.person), (b"b", BUDI.person)):
        records.save_token(token, person, NOW)
    assert records.lost_guests(later) == []  # she is here, and he has an account
    records.forget_old(later)

    records.save_person(away)
    assert records.lost_guests(later - 1) == []
    assert records.lost_guests(later) == [away]
    records.save_token(b"c", ANA.person, NOW + 1)
    assert records.lost_guests(later) == []
    records.forget_old(later + 1)

    assert records.lost_guests(later + 1) == []


def test_a_stream_that_a_session_goes_on_with_is_not_forgotten_however_late_it_seems(
    records: Records,
) -> None:
    for stream in (STREAM, b"another stream.."):
        records.bind_stream(stream, 7, NOW)

    records.forget_old(NOW + 2 * STREAM_LIFE, {STREAM})

    records.save_answer(STREAM, DraftAnswer(1, Code.OK, 1, 1, NOW), NOW + 2 * STREAM_LIFE)
    assert records.stream(STREAM) is not None
    assert records.stream(b"another stream..") is None


def test_a_stream_in_use_is_not_forgotten_and_takes_its_answers_along(
    records: Records, database: Database
) -> None:
    records.bind_stream(STREAM, 7, NOW)
    records.save_answer(STREAM, DraftAnswer(1, Code.OK, 1, 1, NOW), NOW + STREAM_LIFE)

    records.forget_old(NOW + STREAM_LIFE + 1)
    assert records.stream(STREAM) is not None

    records.forget_old(NOW + 2 * STREAM_LIFE + 1)
    assert records.stream(STREAM) is None
    records.bind_stream(STREAM, 7, 0)
    assert records.stream(STREAM) == StreamRecord(7, 1, 0, ())

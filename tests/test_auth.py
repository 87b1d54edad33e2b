import hashlib
import itertools
import unicodedata

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from auth import (
    AccountGuessing,
    Failures,
    Guessing,
    NameInvalid,
    derive_prs,
    fold_name,
    key_groups,
    normalise_name,
    skeleton,
    token_hash,
)

HOSTILE = load_vectors("hostile_user_names")["names"]


def reason_for(name: str) -> str | None:
    try:
        normalise_name(name)
    except NameInvalid as error:
        return error.reason
    return None


def clash(one: str, other: str) -> bool:
    return fold_name(one) == fold_name(other) or skeleton(one) == skeleton(other)


# --- names: what is a name ---


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "Budi Santoso",
        "Ali",
        "李雷",
        "O'Brien",
        "Ana-María",
        "نور",
        "\u0e17\u0e35\u0e48\u0e23\u0e31\u0e01",  # Thai: a vowel and a tone mark on one letter
        "\u0928\u0939\u0940\u0902",  # Hindi: a vowel and a nasal sign on one letter
        "\u0926\u093f\u0932\u094d\u0932\u0940",
        "김민준",
        "\U0001f600",
        "_budi_",
        "7even",
        "Nguyễn",
        "a" * 32,
    ],
)
def test_names_of_people_are_accepted_as_they_are(name: str) -> None:
    assert normalise_name(name) == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        (" alice ", "alice"),
        ("\u00a0alice\u3000", "alice"),
        ("\uff41\uff4c\uff49\uff43\uff45", "alice"),
        ("e\u0301lan", "\u00e9lan"),
    ],
)
def test_names_are_stored_in_one_normal_form(name: str, normal: str) -> None:
    assert normalise_name(name) == normal


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("a" * 33, "too_long"),
        ("\ufdfa" * 2, "too_long"),  # NFKC makes 18 characters of each
        ("al\nice", "character"),
        ("alice\n", "character"),
        ("\talice", "character"),
        ("al\x1b[31mice", "character"),
        ("al\0ice", "character"),
        ("a\u200blice", "character"),
        ("\u202ealice", "character"),
        ("alice\u200f", "character"),
        ("ali\u00adce", "character"),
        ("\ud800", "character"),
        ("\ufffe", "character"),
        ("\ue000", "character"),
        ("\u0378", "character"),
        ("\u115f", "character"),
        ("\u3164", "character"),
        ("\u2800", "character"),
        ("a\ufe0f", "character"),
        ("\U000e006clice", "character"),
        ("a\u2028b", "character"),
        ("alice@home", "character"),
        ("@alice", "character"),
        ("../alice", "character"),
        ("a\\b", "character"),
        ('al"ice', "character"),
        ("=cmd|calc", "start"),
        ("+alice", "start"),
        ("-alice", "start"),
        ("'alice", "start"),
        ("(alice)", "start"),
        ("a  b", "spaces"),
        ("A\u0300\u0300", None),
        ("A\u0300\u0300\u0300", "marks"),
        ("x" + "\u0301" * 2, "marks"),
        ("\u0301x", "marks"),
        ("a \u0301x", "marks"),
        ("\u0e01" + "\u0e35" * 2, "marks"),
        ("a\u20dd", None),
        ("system", "reserved"),
        ("Server", "reserved"),
        ("ADMIN", "reserved"),
        ("\u0430dmin", "reserved"),
        ("5erver", "reserved"),
        ("all", "reserved"),
        ("Exit", "reserved"),
        ("SEMUA", "reserved"),
        ("Systematic", None),
    ],
)
def test_what_cannot_be_a_name_is_refused_with_a_reason(name: str, reason: str | None) -> None:
    assert reason_for(name) == reason


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_text_is_refused_or_gets_a_normal_form_that_stays(name: str) -> None:
    if reason_for(name) is not None:
        return

    normal = normalise_name(name)

    assert normalise_name(normal) == normal
    assert 1 <= len(normal) <= 32
    assert not clash(normal, "system")
    normal.encode()


# --- names: who looks like whom ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "ALICE"),
        ("alice", "al\u0456ce"),
        ("alice", "\u0430lice"),
        ("alice", "a1ice"),
        ("alice", "aIice"),
        ("alice", "alice\u0301"),
        ("alice", "\uff41\uff4c\uff49\uff43\uff45"),
        ("alice", "\U0001d41a\U0001d425\U0001d422\U0001d41c\U0001d41e"),
        ("bob", "b0b"),
        ("sari", "5ari"),
        ("mira", "rnira"),
        ("wati", "vvati"),
        ("wati", "VVATI"),
        ("Helen", "\u0397elen"),
        ("Maria", "\u041c\u0430ri\u0430"),
        ("nono", "\u0578\u0585\u0578\u0585"),
        ("jorgen", "j\u00f8rgen"),
        ("stra\u00dfe", "strasse"),
        ("O'Brien", "O\u2019Brien"),
        ("Ana-Maria", "Ana\u2013Maria"),
        ("kampus", "kampus\u3164"),
        ("kampus", "\u1160k\u115fampus\uffa0"),
        (
            "\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2",
            "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3",
        ),
    ],
)
def test_names_that_look_alike_clash(one: str, other: str) -> None:
    assert clash(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Budi 1", "Budi 2"),
        ("ana", "anna"),
        ("Rina", "Rani"),
        ("李雷", "李明"),
        ("\u0928\u093f", "\u0928\u0940"),
        ("\u304b", "\u304c"),
        ("김", "강"),
        ("Ольга", "Игорь"),
        ("\U0001f600", "\U0001f601"),
    ],
)
def test_names_that_look_different_do_not_clash(one: str, other: str) -> None:
    assert not clash(one, other)


def test_no_two_hostile_names_that_look_like_alice_coexist() -> None:
    plain = unicodedata.normalize("NFKC", "alice")
    look_alikes = [row["name"] for row in HOSTILE if "plain" not in row["why"]]

    entered = [normalise_name(name) for name in look_alikes if reason_for(name) is None]
    different = {"al,ice", "n=alice,r=x", "\U0001f600"}

    assert [name for name in entered if not clash(name, plain) and name not in different] == []
    for one, other in itertools.combinations(entered, 2):
        assert clash(one, other) or {one, other} & different


@pytest.mark.parametrize("row", HOSTILE, ids=lambda row: row["why"])
def test_hostile_names_are_refused_or_harmless_to_lines_and_terminals(row: dict[str, str]) -> None:
    if reason_for(row["name"]) is not None:
        return

    normal = normalise_name(row["name"])

    assert normal.isprintable()
    assert normal[0] not in "=+-@\t\r"


@given(st.text(max_size=20))
def test_case_alone_never_makes_another_name(name: str) -> None:
    assert fold_name(fold_name(name)) == fold_name(name)
    assert fold_name(name.casefold()) == fold_name(name)


# --- secrets ---


def test_a_token_is_kept_as_its_hash() -> None:
    assert token_hash(b"t" * 32) == hashlib.sha256(b"t" * 32).digest()


def test_prs_is_scrypt_of_the_normal_form_of_the_password() -> None:
    room = bytes(range(16))

    prs = derive_prs("rahasia \u00e9", room)

    assert prs.hex() == "3eedc3e993966656c4dc28f243fcc005ea9a80934e71ff1586bf93dd103a0076"
    assert derive_prs("rahasia e\u0301", room) == prs
    assert derive_prs("Rahasia \u00e9", room) != prs
    assert derive_prs("rahasia \u00e9", bytes(16)) != prs


def test_any_password_has_a_prs() -> None:
    assert len(derive_prs("\ud800", bytes(16))) == 32


def test_a_key_is_shown_as_four_groups() -> None:
    groups = key_groups(bytes(32))

    assert groups == "320B-5EA9-9E65-3BC2"
    assert groups.replace("-", "").lower() == hashlib.blake2s(bytes(32)).hexdigest()[:16]


# --- guessing ---


def test_five_failures_are_free_and_then_each_doubles_the_wait_up_to_a_minute() -> None:
    guessing = Guessing()
    waits = []

    for _ in range(13):
        guessing.failed("10.0.0.1", now=100.0)
        waits.append(guessing.wait_for("10.0.0.1", now=100.0))

    assert waits == [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert guessing.wait_for("10.0.0.1", now=130.0) == 30.0
    assert guessing.wait_for("10.0.0.1", now=160.0) == 0.0
    assert guessing.wait_for("10.0.0.2", now=100.0) == 0.0


def test_being_right_never_costs_anything() -> None:
    guessing = Guessing()

    admitted = [guessing.admit("10.0.0.1", key, now=0.0) for key in range(1000)]

    assert all(admitted)
    assert guessing.next_timer() is None


def test_a_failure_is_forgiven_after_ten_quiet_minutes() -> None:
    guessing = Guessing()
    for _ in range(6):
        guessing.failed("10.0.0.1", now=0.0)

    guessing.failed("10.0.0.1", now=1200.0)

    assert guessing.wait_for("10.0.0.1", now=1200.0) == 1.0
    assert guessing.dump(now=1200.0, utc_ms=5_000_000) == [Failures("10.0.0.1", 5, 5_000_000)]
    assert guessing.dump(now=1200.0 + 3000.0, utc_ms=8_000_000) == []


def spend_the_room(guessing: Guessing, now: float) -> None:
    for number in range(60):
        assert guessing.admit(f"10.1.0.{number}", 10_000 + number, now)
        guessing.failed(f"10.1.0.{number}", now)


def test_a_spent_room_serves_one_a_second_round_robin_by_address() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    queued = [("loud", 1), ("loud", 2), ("loud", 3), ("honest", 4)]

    admitted = [guessing.admit(address, key, now=0.0) for address, key in queued]
    served = []
    for now in (0.5, 1.0, 2.0, 3.0, 4.0):
        keys = guessing.served(now)
        served.append(keys)
        for key in keys:
            guessing.failed(dict((key, address) for address, key in queued)[key], now)

    assert admitted == [False] * 4
    assert served == [[], [1], [4], [2], [3]]
    assert guessing.next_timer() is None


def test_a_right_answer_from_the_queue_leaves_its_place_to_the_next() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    for key in (1, 2, 3):
        guessing.admit(f"10.2.0.{key}", key, now=0.0)

    assert guessing.served(1.0) == [1]
    assert guessing.served(1.0) == [2]
    assert guessing.served(2.0) == [3]


def test_whoever_comes_later_stands_behind_those_who_wait() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    guessing.admit("early", 1, now=0.0)

    assert not guessing.admit("late", 2, now=10.0)
    assert guessing.served(10.0) == [1, 2]


def test_asking_twice_keeps_one_place() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)

    assert not guessing.admit("a", 1, now=0.0)
    assert not guessing.admit("a", 1, now=0.0)
    assert guessing.served(5.0) == [1]
    assert guessing.served(5.0) == []


def test_an_address_that_must_wait_is_not_served_before_its_time() -> None:
    guessing = Guessing()
    for _ in range(8):
        guessing.failed("loud", now=0.0)

    admitted = guessing.admit("loud", 1, now=0.0), guessing.admit("honest", 2, now=0.0)
    served = guessing.served(0.0), guessing.served(7.9), guessing.served(8.0)

    assert admitted == (False, False)
    assert served == ([2], [], [1])


def test_the_timer_names_the_moment_somebody_is_served() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=1000.0)
    guessing.admit("a", 1, now=1000.25)

    timer = guessing.next_timer()

    assert timer == pytest.approx(1001.0)
    assert timer is not None
    assert guessing.served(timer - 0.01) == []
    assert guessing.served(timer) == [1]


def test_the_timer_knows_of_an_address_that_must_wait() -> None:
    guessing = Guessing()
    for _ in range(8):
        guessing.failed("loud", now=50.0)
    guessing.admit("loud", 1, now=51.0)

    assert guessing.next_timer() == 58.0


def test_who_leaves_loses_the_place() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    guessing.admit("a", 1, now=0.0)
    guessing.admit("a", 2, now=0.0)

    guessing.forget(1)
    guessing.forget(99)

    assert guessing.served(5.0) == [2]


def test_a_queue_that_all_have_left_is_gone() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    guessing.admit("a", 1, now=0.0)

    guessing.forget(1)

    assert guessing.next_timer() is None
    assert guessing.admit("b", 2, now=1.0)


def test_a_full_queue_takes_from_the_heaviest_address() -> None:
    guessing = Guessing(max_waiting=3)
    spend_the_room(guessing, now=0.0)
    for key in (1, 2, 3):
        guessing.admit("loud", key, now=0.0)

    guessing.admit("honest", 4, now=0.0)

    assert [guessing.served(now) for now in (1.0, 3.0, 5.0)] == [[1], [4, 2], []]


def test_counters_survive_a_restart() -> None:
    before = Guessing()
    for _ in range(7):
        before.failed("10.0.0.1", now=500.0)
    before.failed("10.0.0.2", now=501.0)
    rows = before.dump(now=502.0, utc_ms=1_000_000)

    after = Guessing()
    after.restore(rows, now=3.0, utc_ms=1_001_000)

    assert rows == [Failures("10.0.0.1", 7, 998_000), Failures("10.0.0.2", 1, 999_000)]
    assert after.wait_for("10.0.0.1", now=3.0) == pytest.approx(1.0)
    assert after.dump(now=3.0, utc_ms=1_001_000) == rows


def test_a_wall_clock_set_back_never_lengthens_a_wait() -> None:
    guessing = Guessing()

    guessing.restore([Failures("a", 1000, 9_000_000)], now=10.0, utc_ms=1_000_000)

    assert guessing.wait_for("a", now=10.0) == 60.0


def test_what_is_forgiven_by_the_time_of_a_restart_is_not_restored() -> None:
    guessing = Guessing()

    guessing.restore([Failures("a", 2, 0)], now=5000.0, utc_ms=3_600_000)

    assert guessing.dump(now=5000.0, utc_ms=3_600_000) == []


def test_no_more_are_served_at_once_than_the_room_allows() -> None:
    guessing = Guessing()
    spend_the_room(guessing, now=0.0)
    for key in range(5):
        guessing.admit(f"10.2.0.{key}", key, now=0.0)

    assert guessing.served(2.0) == [0, 1]


def test_a_thousand_guessers_cost_bounded_memory() -> None:
    guessing = Guessing(max_guessers=10)

    for number in range(1000):
        guessing.failed(f"10.3.{number}", now=float(number))

    assert [row.address for row in guessing.dump(now=1000.0, utc_ms=10**9)] == [
        f"10.3.{number}" for number in range(990, 1000)
    ]


def test_a_thousand_wrong_guesses_are_slowed_and_an_honest_user_still_enters() -> None:
    guessing = Guessing()
    verified, waiting, honest_at = 0, dict[int, str](), None

    for second in range(300):
        now = float(second)
        for number in range(20):
            key, address = second * 100 + number, f"10.4.0.{number % 10}"
            if guessing.wait_for(address, now) > 0:
                continue
            if guessing.admit(address, key, now):
                verified += 1
                guessing.failed(address, now)
            else:
                waiting[key] = address
        if second == 30 and guessing.admit("honest", 1_000_000, now):
            honest_at = now
        for key in guessing.served(now):
            if key == 1_000_000:
                honest_at = now
                continue
            verified += 1
            guessing.failed(waiting.pop(key), now)

    assert verified <= 60 + 5 * 60
    assert honest_at is not None
    assert honest_at - 30 <= 60


# --- guessing at accounts ---


def guess(guessing: AccountGuessing, name: str, seconds: list[float]) -> list[float]:
    """Fails at each of these seconds if it may; those at which it might."""
    tried = []
    for now in seconds:
        if guessing.wait_for(name, now) == 0:
            guessing.failed(name, now)
            tried.append(now)
    return tried


def every_second(hours: float) -> list[float]:
    return [float(second) for second in range(int(hours * 3600))]


def test_an_account_has_ten_failures_in_any_minute() -> None:
    guessing = AccountGuessing()

    tried = guess(guessing, "ana", [5.0 * number for number in range(100)])

    assert tried[:10] == [0, 5, 10, 15, 20, 25, 30, 35, 40, 45]
    assert tried[10:12] == [60, 65]
    assert all(later - earlier >= 60 for earlier, later in itertools.pairwise(tried[::10]))


def test_an_account_has_a_hundred_failures_in_any_hour_and_is_never_locked_for_good() -> None:
    guessing = AccountGuessing()

    tried = guess(guessing, "ana", every_second(hours=3))

    assert len(tried) == 300
    assert tried[:10] == [*range(10)]
    assert tried[99] == 9 * 60 + 9
    assert tried[100:102] == [3600, 3601]


def test_the_wait_is_as_long_as_it_is_said_to_be() -> None:
    guessing = AccountGuessing()
    guess(guessing, "ana", [100.0] * 9 + [130.0])

    assert guessing.wait_for("ana", 130.0) == 30.0
    assert guessing.wait_for("ana", 159.5) == 0.5
    assert guessing.wait_for("ana", 160.0) == 0.0
    assert guessing.wait_for("budi", 130.0) == 0.0


def test_failures_at_an_account_survive_a_restart() -> None:
    before = AccountGuessing()
    guess(before, "ana", every_second(hours=0.2))
    guess(before, "budi", [715.0])
    rows = before.dump(now=720.0, utc_ms=1_000_000)

    after = AccountGuessing()
    after.restore(reversed(rows), now=3.0, utc_ms=1_001_000)

    last = 1_000_000 - (720 - 549) * 1000
    assert rows == [Failures("ana", 100, last), Failures("budi", 1, 995_000)]
    assert after.wait_for("ana", now=3.0) == 3600.0 - (720 - 549) - 1
    assert after.wait_for("budi", now=3.0) == 0.0
    assert after.dump(now=3.0, utc_ms=1_001_000) == rows


def test_failures_of_more_than_an_hour_ago_are_not_kept() -> None:
    guessing = AccountGuessing()
    guess(guessing, "ana", [0.0, 1000.0])

    assert guessing.dump(now=3600.0, utc_ms=10**7) == [Failures("ana", 1, 10**7 - 2_600_000)]
    assert guessing.dump(now=4600.0, utc_ms=10**7) == []
    guessing.restore([Failures("ana", 3, 0)], now=5000.0, utc_ms=3_600_000)
    assert guessing.dump(now=5000.0, utc_ms=10**7) == []


def test_a_wall_clock_set_back_never_lengthens_the_wait_of_an_account() -> None:
    guessing = AccountGuessing()

    guessing.restore([Failures("ana", 100, 9_000_000)], now=10.0, utc_ms=1_000_000)

    assert guessing.wait_for("ana", now=10.0) == 3600.0


def test_only_so_many_names_are_remembered_and_the_oldest_is_forgotten_first() -> None:
    guessing = AccountGuessing(most=10)

    for number in range(100):
        guessing.failed(f"name {number}", now=float(number))

    assert [row.address for row in guessing.dump(now=100.0, utc_ms=10**9)] == [
        f"name {number}" for number in range(90, 100)
    ]

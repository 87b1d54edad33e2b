"""Who may enter: names that cannot be mistaken for others, the password's key, tokens, and how
often somebody may guess.

Band: mechanisms. Does no I/O and asks no clock; the exchanges are in auth_*.py and entering.py,
what is remembered lies in the store.
Sources: docs/protocol.md; UAX #15 (NFKC); UTS #39 §4 (skeletons); RFC 7914 (scrypt).
"""

import hashlib
import unicodedata
from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from conversation import MAX_NAME
from protocol import RuangError
from protocol_guards import TokenBucket

# --- what both ends agree on ---

PRS_SIZE = 32  # bytes of the key that CPace takes
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 1 << 15, 8, 1
_SCRYPT_MEMORY = 64 * 1024 * 1024  # bytes allowed; these parameters need half of it

# --- tuning ---

FREE_FAILURES = 5  # of one address, before it has to wait
LONGEST_WAIT = 60.0  # seconds an address waits after a failure: never a permanent lock
FORGIVEN_AFTER = 600.0  # seconds without a failure after which one failure is forgiven
ROOM_FAILURES = 60  # a minute, from all addresses together
MAX_WAITING = 1000  # places in the room's queue: as many as sessions may be not yet entered
MAX_GUESSERS = 10_000  # addresses whose failures are remembered
MINUTE_FAILURES = 10  # of one account in any minute
HOUR_FAILURES = 100  # of one account in any hour (OWASP ASVS 2.2.1)
_HOUR = 3600.0  # seconds
_MOST_FAILURES = FREE_FAILURES + 6  # 2^6 s is beyond the longest wait; bounds how long one decays
_SLACK = 1e-6  # seconds and tokens that sums of floats may be wrong by


# --- names ---


class NameReason(StrEnum):
    """Why a name is refused: the code that a NAME_INVALID answer carries."""

    EMPTY = "empty"
    TOO_LONG = "too_long"
    CHARACTER = "character"  # invisible, a control, or one that has a meaning in commands
    START = "start"  # does not begin with a letter, a digit, a picture or an underscore
    SPACES = "spaces"  # two spaces in a row
    MARKS = "marks"  # too many accents on one letter, or one without a letter
    RESERVED = "reserved"  # would be taken for the program itself


class NameInvalid(RuangError):  # noqa: N818 - a claim about a name, like the code NAME_INVALID
    """The name cannot be anybody's. ``reason`` says why."""

    def __init__(self, reason: NameReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


_MEANINGFUL = frozenset('@/\\"')  # person@realm, a command, a path, a quoted name in a command
_BLANK = frozenset(  # unassigned to "control" or "format" by Unicode, yet nothing is seen
    {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0xFFFC}
    | set(range(0x180B, 0x1810))  # Mongolian variation selectors
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
_RESERVED = frozenset(
    {"admin", "administrator", "operator", "ruang", "server", "sistem", "system"}
    | {"all", "anda", "everyone", "exit", "semua", "you"}
)


def normalise_name(name: str) -> str:
    """The name as it is stored and shown: NFKC, without spaces around it.

    Raises NameInvalid. Refused are: nothing visible; more than MAX_NAME characters; controls,
    format and bidi characters, lone surrogates, private and unassigned characters, blanks other
    than the space; ``@ / \\ "``; a first character that is no letter, digit, picture or
    underscore (so no name is a formula, an option or a path); two spaces in a row; more than one
    accent on a letter; the program's own words. Commas, quotation marks like ' and = within a
    name are harmless here, since whoever writes a format quotes for that format.
    """
    normal = unicodedata.normalize("NFKC", name).strip(" ")
    if not normal:
        raise NameInvalid(NameReason.EMPTY)
    if len(normal) > MAX_NAME:
        raise NameInvalid(NameReason.TOO_LONG)
    if not all(_is_allowed(character) for character in normal):
        raise NameInvalid(NameReason.CHARACTER)
    if "  " in normal:
        raise NameInvalid(NameReason.SPACES)
    if _has_stray_marks(normal):
        raise NameInvalid(NameReason.MARKS)
    if not _may_begin(normal[0]):
        raise NameInvalid(NameReason.START)
    if fold_name(normal) in _RESERVED or skeleton(normal) in _RESERVED_LOOKS:
        raise NameInvalid(NameReason.RESERVED)
    return normal


def fold_name(name: str) -> str:
    """Equal for two names that differ in case alone. Names are unique by this *and* skeleton."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def is_blank(character: str) -> bool:
    """Whether nothing is seen of it, although Unicode calls it a letter, a mark or a picture."""
    return ord(character) in _BLANK


def _is_allowed(character: str) -> bool:
    if character in _MEANINGFUL or is_blank(character):
        return False
    return character == " " or unicodedata.category(character)[0] not in "CZ"


def _may_begin(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LN" or category == "So" or character == "_"


def _has_stray_marks(name: str) -> bool:
    """Whether a letter bears more than one accent, or an accent stands on nothing.

    Thai and Hindi put a vowel and a tone or nasal sign on one letter; a vowel has combining class
    0. So one accent and one vowel may meet, and no pile of either.
    """
    accents = vowels = 1  # at the start and after a space there is nothing to stand on
    for character in name:
        if unicodedata.category(character) not in ("Mn", "Me"):
            accents = vowels = int(character == " ")
        elif unicodedata.combining(character):
            accents += 1
        else:
            vowels += 1
        if accents > 1 or vowels > 1:
            return True
    return False


# What each Latin letter is mistaken for, in the case it is shown in. Escapes, since the
# characters could not be told apart here either. By hand: Cyrillic, Greek, Armenian, Latin
# extensions and small capitals, Cherokee; full-width and mathematical letters fall to NFKC.
_LOOKS_LIKE = {
    "a": "\u0430\u0410\u03b1\u0391\u0251\u1d00\u13aa",
    "ae": "\u04d5\u04d4\u00e6\u00c6",
    "b": "\u0432\u0412\u044c\u042c\u03b2\u0392\u0299\u13f4\u15f7",
    "c": "\u0441\u0421\u03f2\u03f9\u1d04\u13df\u2ca4\u2ca5",
    "d": "\u0501\u0500\u0111\u0110\u00f0\u00d0\u0257\u1d05\u13a0",
    "e": "\u0435\u0415\u03b5\u0395\u0454\u0404\u04bd\u1d07\u13ac",
    "f": "\u0192\u03dc\u03dd\ua730\u0584",
    "g": "\u0581\u050d\u0261\u0262\u13c0",
    "h": "\u04bb\u04ba\u043d\u041d\u0397\u0570\u0127\u0126\u029c\u13bb",
    "i": "\u0456\u0406\u03b9\u0399\u0131\u0269\u026a\u0268\u0197",
    "j": "\u0458\u0408\u03f3\u037f\u0575\u0237\u1d0a\u13ab",
    "k": "\u043a\u041a\u03ba\u039a\u1d0b\u13e6",
    "l": "\u04cf\u04c0\u0142\u0141\u053c\u029f\u13de\u01c0\u2223|1",
    "m": "\u043c\u041c\u039c\u03fb\u1d0d\u13b7",
    "n": "\u043f\u039d\u03b7\u0578\u0274\u14d1",
    "o": "\u043e\u041e\u03bf\u039f\u03c3\u0473\u0472\u04e9\u04e8\u0585\u0555\u00f8\u00d8\u1d0f0",
    "oe": "\u0153\u0152",
    "p": "\u0440\u0420\u03c1\u03a1\u00fe\u00de\u1d18\u13e2",
    "q": "\u051b\u051a\u0563\u0566",
    "r": "\u0433\u0280\u13d2",
    "s": "\u0455\u0405\u054f\ua731\u13da\u01bd\u01bc5$",
    "t": "\u0442\u0422\u03c4\u03a4\u0167\u0166\u1d1b\u13a2",
    "u": "\u03c5\u057d\u054d\u1d1c",
    "v": "\u0475\u0474\u03bd\u1d20\u13d9",
    "w": "\u051d\u051c\u0461\u0460\u03c9\u026f\u1d21\u13b3",
    "x": "\u0445\u0425\u03c7\u03a7",
    "y": "\u0443\u0423\u04af\u04ae\u03b3\u03a5\u028f\u13bd",
    "z": "\u0396\u1d22\u13c3",
    "3": "\u0437\u0417\u0292\u021d\u04e1",
    "6": "\u0431",
    "'": "\u2018\u2019\u02bc\u02b9\u02bb\u02c8\u0060\u00b4\u055a\ua78c",
    "-": "\u2010\u2012\u2013\u2014\u2015\u2212\u02d7\u30fc",
}
_SHOWN_AS = {
    ord(character): letter for letter, characters in _LOOKS_LIKE.items() for character in characters
}
_ONE_STROKE = str.maketrans("i", "l")  # I, l, 1 and i: one upright stroke more or less dotted
_TWO_AS_ONE = (("rn", "m"), ("vv", "w"))


def skeleton(name: str) -> str:
    """Equal for two names that a person would take for each other. Never shown.

    Accents of the European scripts do not tell names apart, nor does what shows nothing (people's
    names hold none of it); vowels of other scripts do.
    """
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", name))
    plain = "".join(one for one in apart if not (_is_accent(one) or is_blank(one)))
    folded = plain.translate(_SHOWN_AS).casefold().translate(_SHOWN_AS).translate(_ONE_STROKE)
    for two, one in _TWO_AS_ONE:
        folded = folded.replace(two, one)
    return unicodedata.normalize("NFC", folded)


def _is_accent(character: str) -> bool:
    return (
        "\u0300" <= character <= "\u036f"
        or "\u1ab0" <= character <= "\u1aff"
        or "\u1dc0" <= character <= "\u1dff"
        or "\u20d0" <= character <= "\u20ff"
        or "\ufe20" <= character <= "\ufe2f"
    )


# Not "all", which looks like Ali, the name of many people; itself it is refused by its spelling.
_RESERVED_LOOKS = frozenset(skeleton(word) for word in _RESERVED - {"all"})


# --- secrets ---


def token_hash(token: bytes) -> bytes:
    """What the store keeps of a return token. Plain, since a token is 32 random bytes."""
    return hashlib.sha256(token).digest()


def password_bytes(password: str) -> bytes:
    """What is hashed of any password: its NFKC, so that it is the same from every keyboard.

    Spaces and case count. Nothing is refused, as SASLprep (RFC 4013) would: there is no password
    that its owner could set here and not use.
    """
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def derive_prs(password: str, room_id: bytes) -> bytes:
    """The key that CPace takes, from the room's password: about 0.1 s and 32 MiB, so in a worker.

    Stealing the result lets a thief into this room, but does not tell the password.
    """
    return hashlib.scrypt(
        password_bytes(password),
        salt=room_id,
        n=_SCRYPT_N,
        r=_SCRYPT_R,
        p=_SCRYPT_P,
        dklen=PRS_SIZE,
        maxmem=_SCRYPT_MEMORY,
    )


def key_groups(server_key: bytes) -> str:
    """The server's static public key for people to compare: ``7F3A-91C2-08DE-55B1``."""
    digits = hashlib.blake2s(server_key).digest()[:8].hex().upper()
    return "-".join(digits[place : place + 4] for place in range(0, 16, 4))


# --- guessing ---


class Failures(NamedTuple):
    """What the store keeps of an address that guessed wrong, or of an account's name."""

    address: str
    failures: int
    last_failure_utc_ms: int


class Guessing:
    """How often a password may be tried. Only failures count; being right never does.

    An address has a few failures free, then waits 2^n seconds after each, up to a minute; one is
    forgiven for every ten minutes without another. A room allows so many failures a minute; when
    they are spent, places are given out as the allowance comes back, one a second, to one address
    after the other. Nobody is ever locked out for good, and a crowd of guessers cannot keep out
    whoever comes from another address.

    Ask ``wait_for``, then ``admit`` in the very turn that will verify, and report ``failed`` in
    that turn: so the allowance counts every guess, however many sessions guess at once.
    """

    def __init__(
        self,
        *,
        free: int = FREE_FAILURES,
        longest_wait: float = LONGEST_WAIT,
        room_failures: int = ROOM_FAILURES,
        max_waiting: int = MAX_WAITING,
        max_guessers: int = MAX_GUESSERS,
    ) -> None:
        self._free = free
        self._longest_wait = longest_wait
        self._max_waiting = max_waiting
        self._max_guessers = max_guessers
        self._most = free + _MOST_FAILURES - FREE_FAILURES
        self._room = TokenBucket(room_failures / 60, room_failures)
        self._guessers: dict[str, _Guesser] = {}  # whose last failure is oldest first
        self._queues: dict[str, deque[int]] = {}  # by address, in the order of their turns
        self._addresses: dict[int, str] = {}  # of the keys in the queues
        self._looked_at = 0.0  # newest ``now`` seen, from which next_timer counts

    def wait_for(self, address: str, now: float) -> float:
        """Seconds until this address may guess again; 0 if it may now."""
        guesser = self._guessers.get(address)
        if guesser is None:
            return 0.0
        return max(0.0, self._free_at(guesser, now) - now)

    def admit(self, address: str, key: int, now: float) -> bool:
        """Whether to verify now. If not, ``key`` waits and ``served`` will name it.

        When the queue is full, the newest place of the address with most places is lost.
        """
        self._looked_at = now
        if key in self._addresses:
            return False
        if not self._queues and self._has_place(now) and not self._is_waiting(address, now):
            return True
        self._queues.setdefault(address, deque()).append(key)
        self._addresses[key] = address
        if len(self._addresses) > self._max_waiting:
            heaviest = max(self._queues, key=lambda name: len(self._queues[name]))
            self.forget(self._queues[heaviest][-1])
        return False

    def served(self, now: float) -> list[int]:
        """Keys whose turn has come, at most one of each address: verify them now."""
        self._looked_at = now
        places = int(self._room.level(now) + _SLACK)
        keys: list[int] = []
        for address in list(self._queues):
            if len(keys) == places:
                break
            if not self._is_waiting(address, now):
                queue = self._queues.pop(address)
                key = queue.popleft()
                del self._addresses[key]
                keys.append(key)
                if queue:
                    self._queues[address] = queue  # at the end: the others come first
        return keys

    def forget(self, key: int) -> None:
        """Gives up the place of a session that has ended, if it has one."""
        address = self._addresses.pop(key, None)
        if address is not None:
            queue = self._queues[address]
            queue.remove(key)
            if not queue:
                del self._queues[address]

    def next_timer(self) -> float | None:
        """When ``served`` may name somebody, on the clock of now; None if nobody waits."""
        if not self._queues:
            return None
        now = self._looked_at
        soonest = min(now + self.wait_for(address, now) for address in self._queues)
        return max(soonest, self._room.ready_at(now))

    def is_queued(self, key: int) -> bool:
        """Whether ``served`` may still name this key."""
        return key in self._addresses

    def failed(self, address: str, now: float) -> None:
        """Counts a wrong guess against its address and the room."""
        self._looked_at = now
        self._room.take(now, min(1.0, self._room.level(now)))
        before = self._guessers.pop(address, None)
        failures = 0 if before is None else _unforgiven(before, now)
        self._guessers[address] = _Guesser(min(failures + 1, self._most), now)
        self._forget_guessers(now)

    def dump(self, now: float, utc_ms: int) -> list[Failures]:
        """What must survive a restart; both arguments name this instant."""
        return [
            Failures(address, guesser.failures, utc_ms - round((now - guesser.last_at) * 1000))
            for address, guesser in self._guessers.items()
            if _unforgiven(guesser, now)
        ]

    def restore(self, rows: Iterable[Failures], now: float, utc_ms: int) -> None:
        """Takes back what an earlier run dumped. A wall clock set back never lengthens a wait."""
        for row in sorted(rows, key=lambda row: row.last_failure_utc_ms):
            ago = max(0, utc_ms - row.last_failure_utc_ms) / 1000
            self._guessers[row.address] = _Guesser(min(row.failures, self._most), now - ago)
        self._forget_guessers(now)

    def _has_place(self, now: float) -> bool:
        return self._room.level(now) + _SLACK >= 1

    def _is_waiting(self, address: str, now: float) -> bool:
        return self.wait_for(address, now) > _SLACK

    def _free_at(self, guesser: "_Guesser", now: float) -> float:
        failures = _unforgiven(guesser, now)
        if failures < self._free:
            return guesser.last_at
        return guesser.last_at + min(2.0 ** (failures - self._free), self._longest_wait)

    def _forget_guessers(self, now: float) -> None:
        while self._guessers:
            oldest = next(iter(self._guessers))
            is_forgiven = not _unforgiven(self._guessers[oldest], now)
            if not is_forgiven and len(self._guessers) <= self._max_guessers:
                return
            del self._guessers[oldest]


class _Guesser(NamedTuple):
    failures: int  # when the last one was counted
    last_at: float


def _unforgiven(guesser: _Guesser, now: float) -> int:
    return max(0, guesser.failures - int((now - guesser.last_at) / FORGIVEN_AFTER))


class AccountGuessing:
    """How often the passwords of accounts may be tried. Only failures count.

    An account has ten failures in any minute and a hundred in any hour, then it waits until the
    one that is too many has become old: never a permanent lock. ``most`` names are remembered.
    """

    _LIMITS = ((MINUTE_FAILURES, 60.0), (HOUR_FAILURES, _HOUR))

    def __init__(self, most: float = float("inf")) -> None:
        self._most = most
        self._failed: dict[str, deque[float]] = {}  # by name, whose last failure is oldest first

    def wait_for(self, name: str, now: float) -> float:
        """Seconds until this name may be tried again; 0 if it may now."""
        failed = self._failed.get(name, ())
        ends = [failed[-most] + period for most, period in self._LIMITS if len(failed) >= most]
        return max(0.0, max(ends, default=now) - now)

    def failed(self, name: str, now: float) -> None:
        """Counts a wrong password."""
        failed = self._failed.pop(name, deque(maxlen=HOUR_FAILURES))
        failed.append(now)
        self._failed[name] = failed
        self._forget(now)

    def dump(self, now: float, utc_ms: int) -> list[Failures]:
        """What must survive a restart; both arguments name this instant."""
        rows = []
        for name, failed in self._failed.items():
            count = sum(at > now - _HOUR for at in failed)
            if count:
                rows.append(Failures(name, count, utc_ms - round((now - failed[-1]) * 1000)))
        return rows

    def restore(self, rows: Iterable[Failures], now: float, utc_ms: int) -> None:
        """Takes back what an earlier run dumped, as if all had failed at the last moment.

        So a restart forgives nobody, and at worst an account waits an hour once.
        """
        for row in sorted(rows, key=lambda row: row.last_failure_utc_ms):
            last = now - max(0, utc_ms - row.last_failure_utc_ms) / 1000
            self._failed[row.address] = deque([last] * row.failures, maxlen=HOUR_FAILURES)
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._failed:
            oldest = next(iter(self._failed))
            is_old = self._failed[oldest][-1] <= now - _HOUR
            if not is_old and len(self._failed) <= self._most:
                return
            del self._failed[oldest]

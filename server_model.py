"""What the server's window shows, computed from the core's events and the operator's typing.

Band: cores. Knows no widget, no socket and no clock: every instant comes with an event. Whatever
came from a peer passes ``clean`` before it is shown.
"""

import re
import unicodedata
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import Enum, auto
from itertools import pairwise
from typing import assert_never

from auth import FREE_FAILURES, key_groups
from conversation import Presence
from file_words import size_text
from protocol import Address, Code
from records import Ban, BanKind
from server_events import (
    AddRealm,
    BansChanged,
    Command,
    Crashed,
    CutRealm,
    DropRealm,
    Event,
    FilesListed,
    Happened,
    HappeningKind,
    OperatorAnswered,
    PersonRow,
    RealmsListed,
    RemoveFile,
    RestoreRealm,
    SpaceReported,
    Started,
    StatusReported,
    Stopped,
    Unban,
    Unmute,
)
from server_form import EVERY_NETWORK, FormField, ServerForm, StartFailed, read_form
from texts import Texts

LOG_LINES = 1_000  # kept and shown; the log file has all of them
CHART_SECONDS = 300
MAX_PEER_TEXT = 200  # characters of it in one line of the log
_THIN_SPACE = "\u202f"
_PICTURES = re.compile("[\u2190-\u21ff\u2300-\u27bf\u2b00-\u2bff\ufe0f\U0001f000-\U0001faff]")


# --- words for one thing ---


def clean(text: str) -> str:
    """Text from a peer in one harmless line: nothing hidden, nothing that turns the line around."""
    if len(text) > MAX_PEER_TEXT:
        text = text[:MAX_PEER_TEXT] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def spell_pictures(text: str) -> str:
    """Text without colour emoji, ``:waving_hand_sign:`` instead, for a display they would crash."""

    def spell(found: re.Match[str]) -> str:
        name = unicodedata.name(found[0], f"u+{ord(found[0]):x}")
        return "" if found[0] == "\ufe0f" else f":{name.lower().replace(' ', '_')}:"

    return _PICTURES.sub(spell, text)


def format_address(address: Address | None) -> str:
    """``192.168.1.44:49877``; an IPv6 address in brackets; a dash for nobody's."""
    if address is None:
        return "—"
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def format_count(count: int) -> str:
    """Thousands apart, in a way both languages read: ``1 284``."""
    return f"{count:,}".replace(",", _THIN_SPACE)


# --- the model ---


class Phase(Enum):
    """Where the server is in its life."""

    STOPPED = auto()
    STARTING = auto()  # the operator pressed Start; Started or StartFailed follows
    RUNNING = auto()
    STOPPING = auto()  # goodbyes are being sent; Stopped follows


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log, in no language yet."""

    at: int  # UTC milliseconds
    key: str
    fields: Mapping[str, str | int]  # an int: so many bytes


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One line of the people table as text. ``name`` addresses commands, ``label`` is shown."""

    person: int
    name: str
    label: str
    address: str
    host: str  # its computer; empty if there is no session
    round_trip: str
    loss: str
    since: str
    is_muted: bool
    is_away: bool
    is_account: bool = False


@dataclass(frozen=True, slots=True)
class BanLine:
    """One ban or mute in force, as a sentence, and the command that takes it back."""

    name: str
    sentence: str
    undo: Command


class ServerModel:
    """What is known of the server by now. Owned by the thread that owns the window.

    ``say`` may be replaced when the operator changes the language; ``zone`` None: the computer's;
    ``can_draw_emoji`` False: the display would not survive one.
    """

    def __init__(
        self, say: Texts, zone: tzinfo | None = None, *, can_draw_emoji: bool = True
    ) -> None:
        self.say = say
        self._can_draw_emoji = can_draw_emoji
        self.phase = Phase.STOPPED
        self.form: ServerForm | None = None  # what the present or the last run was started with
        self.started: Started | None = None
        self.problems: dict[FormField, StartFailed] = {}
        self.crash = ""  # why the last run ended, unless it was stopped
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.log_lines_made = 0  # ever: what a view has not shown yet is a difference of this
        self._zone = zone
        self._people: tuple[PersonRow, ...] = ()
        self._bans: tuple[Ban, ...] = ()
        self._posted: deque[tuple[int, int]] = deque()  # (at, posted) of the last minutes

    # --- what the operator does ---

    def read_form(
        self, room_name: str, bind: str, port: str, password: str, *, is_open: bool
    ) -> ServerForm | None:
        """Something to start with, or None; then ``problems`` says what is wrong."""
        form = read_form(room_name, bind, port, password, is_open=is_open)
        if isinstance(form, ServerForm):
            self.problems, self.crash, self.phase = {}, "", Phase.STARTING
            self.form = form
            return form
        self.problems = {problem.field: problem for problem in form}
        return None

    def begin_stop(self) -> None:
        """The operator pressed Stop, and Stop is on its way to the core."""
        if self.phase is Phase.RUNNING:
            self.phase = Phase.STOPPING

    # --- what the core reports ---

    def apply(self, event: Event | StartFailed) -> None:
        """Take one event in."""
        match event:
            case Started():
                self.phase, self.started = Phase.RUNNING, event
                self._posted.clear()
                room, count = event.room_name, format_count(event.messages)
                self._add_line(event.at, "server.log.started", {"room": room, "count": count})
            case StatusReported():
                self._report(event)
            case BansChanged():
                self._bans = event.bans
            case Happened():
                self._add_line(event.at, *_sentence(event))
            case OperatorAnswered():
                self._answer(event)
            case SpaceReported() | FilesListed() | RealmsListed():
                pass  # for server_file_model and server_realm_model
            case Stopped():
                self._end()
            case Crashed():
                self._end()
                self.crash = clean(event.error)
            case StartFailed():
                self._end()
                self.crash = ""
                self.problems = {event.field: event}
            case _:
                assert_never(event)

    def _report(self, status: StatusReported) -> None:
        self._people = tuple(
            sorted(
                (row for row in status.people if row.presence is not Presence.GONE),
                key=lambda row: (row.since, row.name.casefold()),
            )
        )
        if self._posted and status.at <= self._posted[-1][0]:
            self._posted.clear()  # the computer's clock was set back
        self._posted.append((status.at, status.posted))
        while status.at - self._posted[0][0] > (CHART_SECONDS + 1) * 1000:
            self._posted.popleft()

    def _answer(self, answered: OperatorAnswered) -> None:
        name = command_name(answered.command)
        if answered.code is not Code.OK and self._posted:
            key = trouble_key(answered)
            self._add_line(self._posted[-1][0], key, {"name": clean(name)})

    def _end(self) -> None:
        self.phase = Phase.STOPPED
        self._people = ()
        self._posted.clear()

    def _add_line(self, at: int, key: str, fields: Mapping[str, str | int]) -> None:
        self.log.append(LogLine(at, key, fields))
        self.log_lines_made += 1

    # --- what to show ---

    def shown(self, text: str) -> str:
        """Somebody's text as it may be drawn."""
        return self._drawable(clean(text))

    def _drawable(self, text: str) -> str:
        return text if self._can_draw_emoji else spell_pictures(text)

    @property
    def header(self) -> str:
        """One line below the title: whether it runs, since when, with how many people."""
        match self.phase:
            case Phase.STOPPED:
                return self.say("server.stopped")
            case Phase.STARTING:
                return self.say("server.starting")
            case Phase.STOPPING:
                return self.say("server.stopping")
            case Phase.RUNNING:
                people = self.people_text
                assert self.started is not None
                since = self._clock(self.started.at, "%H:%M")
                return self.say("server.running", time=since, people=people)
            case _:
                assert_never(self.phase)

    @property
    def people_text(self) -> str:
        """``12 people``."""
        count = len(self._people)
        if count == 1:
            return self.say("server.one_person")
        return self.say("server.people", count=format_count(count))

    @property
    def people_inside(self) -> int:
        """How many would notice that the server stops."""
        return len(self._people) if self.phase is Phase.RUNNING else 0

    @property
    def people_count(self) -> int:
        """How many lines the table has."""
        return len(self._people)

    def people(self, first: int = 0, end: int | None = None) -> list[PersonLine]:
        """A stretch of the table, longest here first: the view asks for what is in sight."""
        return [self._person_line(row) for row in self._people[max(0, first) : end]]

    def _person_line(self, row: PersonRow) -> PersonLine:
        label = self.shown(row.name)
        if row.is_muted:
            label = self.say("server.person_muted", name=label)
        elif row.presence is Presence.AWAY:
            label = self.say("server.person_away", name=label)
        return PersonLine(
            person=row.person,
            name=row.name,
            label=label,
            address=format_address(row.address),
            host=row.address[0] if row.address else "",
            round_trip=self.round_trip(row.round_trip),
            loss=self.percent(row.loss) if row.address is not None else "—",
            since=self._clock(row.since, "%H:%M"),
            is_muted=row.is_muted,
            is_away=row.presence is Presence.AWAY,
            is_account=row.is_account,
        )

    def round_trip(self, seconds: float | None) -> str:
        """``24 ms``; a dash if it is not known."""
        if seconds is None:
            return "—"
        milliseconds = round(seconds * 1000)
        return f"{format_count(milliseconds)} ms" if milliseconds else "< 1 ms"

    def percent(self, share: float) -> str:
        """``0.3 %``."""
        return f"{share * 100:.1f} %".replace(".", self.say("server.decimal_mark"))

    @property
    def bans(self) -> list[BanLine]:
        """Bans and mutes in force, each once however many addresses it covers."""
        lines = {}
        for ban in self._bans:
            lines[ban.kind, ban.name] = self._ban_line(ban)
        return list(lines.values())

    def _ban_line(self, ban: Ban) -> BanLine:
        name = self.shown(ban.name)
        undo: Command = Unban(ban.name) if ban.kind is BanKind.ENTER else Unmute(ban.name)
        until = self.moment(ban.until) if ban.until else ""
        if ban.kind is BanKind.ENTER:
            sentence = (
                self.say("server.ban_until", name=name, until=until)
                if until
                else self.say("server.ban_for_good", name=name)
            )
        else:
            sentence = (
                self.say("server.mute_until", name=name, until=until)
                if until
                else self.say("server.mute_for_good", name=name)
            )
        return BanLine(ban.name, sentence, undo)

    def moment(self, at: int) -> str:
        """``14:03``; with its day unless that is today."""
        last = self._posted[-1][0] if self._posted else 0
        time, day = self._clock(at, "%H:%M"), self._local(at).date()
        if day == self._local(last).date():
            return time
        month = self.say("day.months").split()[day.month - 1]
        return f"{day.day} {month} {day.year}, {time}"

    @property
    def bans_link(self) -> str:
        """``2 bans``; empty when there are none."""
        count = len(self.bans)
        if count == 0:
            return ""
        if count == 1:
            return self.say("server.one_ban")
        return self.say("server.bans", count=format_count(count))

    @property
    def rates(self) -> list[tuple[float, float]]:
        """(seconds ago, messages per second) over the last CHART_SECONDS, oldest first."""
        if not self._posted:
            return []
        last = self._posted[-1][0]
        reports = list(self._posted)
        return [
            ((last - at) / 1000, max(0, posted - posted_before) * 1000 / (at - before))
            for (before, posted_before), (at, posted) in pairwise(reports)
        ]

    @property
    def chart_caption(self) -> str:
        """``42 now · 318 peak``; empty before the first second is over."""
        rates = [rate for _, rate in self.rates]
        if not rates:
            return ""
        now, peak = format_count(round(rates[-1])), format_count(round(max(rates)))
        return self.say("server.chart_caption", now=now, peak=peak)

    @property
    def crash_text(self) -> str:
        """Why the server stopped without being asked to; empty if it did not."""
        return self.say("server.crashed", reason=self.crash) if self.crash else ""

    def problem(self, form_field: FormField) -> str:
        """The sentence beside a field; empty if it is fine."""
        problem = self.problems.get(form_field)
        return self.say(problem.key, **problem.fields) if problem else ""

    def log_text(self, line: LogLine) -> tuple[str, str]:
        """Time and sentence of a line of the log."""
        fields = {
            name: size_text(value, self.say) if isinstance(value, int) else value
            for name, value in line.fields.items()
        }
        sentence = self.say(line.key, **fields)
        return self._clock(line.at, "%H:%M:%S"), self._drawable(sentence)

    # --- telling people ---

    def addresses(self, of_computer: list[str]) -> list[str]:
        """Where people can reach the server, the likely one first."""
        if self.started is None:
            return []
        host = self.started.address[0]
        if host not in (EVERY_NETWORK, "::"):
            return [host]
        return of_computer or ["127.0.0.1"]

    @property
    def port(self) -> int:
        """The port people join with; 0 before the first start."""
        return self.started.address[1] if self.started else 0

    @property
    def key(self) -> str:
        """The key in groups, as people compare it."""
        return key_groups(self.started.server_key).replace("-", " ") if self.started else ""

    @property
    def is_only_here(self) -> bool:
        """Whether no other computer can reach the server."""
        return self.started is not None and self.started.address[0] in ("127.0.0.1", "::1")

    def invitation(self, address: str, *, with_password: bool) -> str:
        """The text to hand out. ``with_password`` only when the operator chose to give it along."""
        if self.started is None or self.form is None:
            return ""
        if not self.form.password:
            last = self.say("server.invite_open")
        elif with_password:
            last = self.say("server.invite_password", password=self.form.password)
        else:
            last = self.say("server.invite_ask")
        lines = [
            self.say("server.invite_head", room=self.started.room_name),
            self.say("server.invite_address", address=address),
            self.say("server.invite_port", port=str(self.port)),
            self.say("server.invite_key", groups=self.key),
            last,
        ]
        return "\n".join(lines) + "\n"

    def _clock(self, at: int, layout: str) -> str:
        return self._local(at).strftime(layout)

    def _local(self, at: int) -> datetime:
        return datetime.fromtimestamp(at / 1000, UTC).astimezone(self._zone)


_LOG_KEYS = {
    HappeningKind.JOINED: "server.log.joined",
    HappeningKind.RETURNED: "server.log.returned",
    HappeningKind.LEFT: "server.log.left",
    HappeningKind.GONE: "server.log.gone",
    HappeningKind.KICKED: "server.log.kicked",
    HappeningKind.BANNED: "server.log.banned",
    HappeningKind.UNBANNED: "server.log.unbanned",
    HappeningKind.MUTED: "server.log.muted",
    HappeningKind.UNMUTED: "server.log.unmuted",
    HappeningKind.RENAMED: "server.log.renamed",
    HappeningKind.REGISTERED: "server.log.registered",
    HappeningKind.WRONG_LOGIN: "server.log.wrong_login",
    HappeningKind.PASSWORD_RESET: "server.log.password_reset",
    HappeningKind.FILE_SENT: "server.log.file_sent",
    HappeningKind.FILE_REMOVED: "server.log.file_removed",
    HappeningKind.FILE_UNREADABLE: "server.log.file_unreadable",
    HappeningKind.REALM_ADDED: "server.log.realm_added",
    HappeningKind.REALM_LINKED: "server.log.realm_linked",
    HappeningKind.REALM_LOST: "server.log.realm_lost",
    HappeningKind.REALM_KEY_CHANGED: "server.log.realm_key_changed",
    HappeningKind.REALM_PASSWORD: "server.log.realm_password",
    HappeningKind.REALM_REFUSED: "server.log.realm_refused",
    HappeningKind.REALM_CUT: "server.log.realm_cut",
    HappeningKind.REALM_RESTORED: "server.log.realm_restored",
    HappeningKind.REALM_DROPPED: "server.log.realm_dropped",
    HappeningKind.REALM_FULL: "server.log.realm_full",
    HappeningKind.REALM_FILE_TOO_LARGE: "server.log.realm_file_too_large",
    HappeningKind.REALM_FILE_REMOVED: "server.log.realm_file_removed",
    HappeningKind.REALM_FILE_WAITS: "server.log.realm_file_waits",
    HappeningKind.DISK_FULL: "server.log.disk_full",
    HappeningKind.DISK_FREE: "server.log.disk_free",
    HappeningKind.ARCHIVE_REBUILT: "server.log.archive_rebuilt",
    HappeningKind.ARCHIVE_SET_ASIDE: "server.log.archive_set_aside",
    HappeningKind.ARCHIVE_LOCKED: "server.log.archive_locked",
    HappeningKind.ARCHIVE_WRITABLE: "server.log.archive_writable",
    HappeningKind.ARCHIVE_READ_BACK: "server.log.archive_read_back",
    HappeningKind.SESSION_BROKEN: "server.log.session_broken",
}


_REALM_KEYS = {
    Code.NO_SUCH_REALM: "server.realm.none",
    Code.REALM_EXISTS: "server.realm.exists",
    Code.REALM_UNREACHABLE: "server.realm.unreachable",
    Code.WRONG_PASSWORD: "server.realm.password",
    Code.TOO_MANY_GUESSES: "server.realm.guesses",
    Code.NOT_ALLOWED: "server.realm.not_allowed",
    Code.BAD_REQUEST: "server.realm.impossible",
    Code.SERVER_FULL: "server.realm.full",
}


def command_name(command: Command) -> str:
    """Whom or what it is about."""
    if isinstance(command, AddRealm) and not command.name:
        return format_address((command.host, command.port))
    return str(getattr(command, "name", ""))


def trouble_key(answered: OperatorAnswered) -> str:
    """Which sentence says why a command came to nothing; it has a ``name``."""
    match answered.command:
        case AddRealm() | CutRealm() | RestoreRealm() | DropRealm():
            return _REALM_KEYS.get(answered.code, "server.log.disk_full")
        case RemoveFile():
            is_full = answered.code is Code.DISK_FULL
            return "server.log.not_removed" if is_full else "server.log.no_file"
        case _:
            return "server.log.nobody"


def _sentence(happened: Happened) -> tuple[str, dict[str, str | int]]:
    if happened.kind is HappeningKind.WRONG_PASSWORD:
        host = happened.address[0] if happened.address else "—"
        if happened.count <= FREE_FAILURES:
            fields: dict[str, str | int] = {
                "host": host,
                "count": str(happened.count),
                "free": str(FREE_FAILURES),
            }
            return "server.log.wrong_password", fields
        return "server.log.wrong_password_wait", {"host": host, "count": str(happened.count)}
    key, name = _LOG_KEYS[happened.kind], clean(happened.name)
    if happened.kind is HappeningKind.REALM_LINKED and happened.count:
        is_one = happened.count == 1
        key = "server.log.realm_back_one" if is_one else "server.log.realm_back"
    if happened.kind is HappeningKind.FILE_SENT and name.startswith("@"):
        key, name = "server.log.file_arrived", name[1:]
    return key, {
        "name": name,
        "address": format_address(happened.address),
        "count": format_count(happened.count),
        "size": happened.count,
        "text": clean(happened.text),
    }

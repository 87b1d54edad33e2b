"""What the operator may do, and what the operator sees: kick, ban, mute, reset, the table, the log.

Band: cores. Writes through the people and members it is given; ends sessions through the core.
"""

from collections.abc import Callable
from functools import partial

from conversation import ROOM, ConversationKind, Presence
from protocol import CloseCode, Code, RunJob
from records import BanKind, Credentials, FileRecord, Store
from server_accounts import Accounts, Reset
from server_events import (
    BanPerson,
    BansChanged,
    Event,
    FileRow,
    FilesListed,
    Happened,
    HappeningKind,
    Kick,
    ListFiles,
    Mute,
    OperatorAnswered,
    PersonRow,
    RemoveFile,
    ResetPassword,
    SpaceReported,
    StatusReported,
    Unban,
    Unmute,
)
from server_members import Members
from server_peer import Member
from server_stock import Stock
from server_turn import Turn
from server_uploads import Uploads
from wordlist import make_password

LOOK_AT_LEAST = 60.0  # s between looks at the ends of bans: wall clocks are set
MOST_FILES = 200  # in one list
MOST_PLACES = 4  # told of each of them
PersonCommand = Kick | BanPerson | Unban | Mute | Unmute
OperatorCommand = PersonCommand | ResetPassword | ListFiles | RemoveFile


class Operator:
    """Executes commands about people. ``expel(member, code, kind, now)`` ends somebody's stay."""

    def __init__(
        self,
        members: Members,
        accounts: Accounts,
        store: Store,
        uploads: Uploads,
        stock: Stock,
        turn: Turn,
        *,
        report: Callable[[Event], None],
        expel: Callable[[Member, CloseCode, HappeningKind, float], None],
        run: RunJob,
        random_bytes: Callable[[int], bytes],
        wall_clock: Callable[[], int],
    ) -> None:
        self._members = members
        self._accounts = accounts
        self._store = store
        self._uploads = uploads
        self._stock = stock
        self._turn = turn
        self._run = run
        self._random_bytes = random_bytes
        self._wall_clock = wall_clock
        self._ban_ends: float | None = None
        self._people = members.people
        self._report = report
        self._expel = expel

    def carry_out(self, command: OperatorCommand, now: float) -> None:
        """Answered by OperatorAnswered once it is on disk: OK, or NO_SESSION when nobody has that
        name; DISK_FULL when it cannot be. Who must go goes through ``expel``."""
        if isinstance(command, ListFiles):
            self._list_files()
            return
        if isinstance(command, ResetPassword):
            self._reset(command)
            return
        code = Code.NO_SESSION

        def execute() -> None:
            nonlocal code
            code = self._execute(command, now, self._wall_clock())
            self.watch_bans(now)

        def undo(_: float) -> None:
            self._people.reload_bans()
            self.report_bans()
            self._report(OperatorAnswered(command, Code.DISK_FULL))

        self._turn.when_undone(undo)
        if self._turn.attempt(execute, now):
            self._turn.when_kept(lambda _: self._report(OperatorAnswered(command, code)))

    def _execute(self, command: PersonCommand | RemoveFile, now: float, at: int) -> Code:
        match command:
            case RemoveFile():
                return self._remove_file(command, at)
            case Kick():
                done = self._kick(command.name, now)
            case BanPerson():
                done = self._ban(command, now, at)
            case Mute():
                done = self._mute(command, at)
            case Unban():
                done = self._undo(BanKind.ENTER, command.name, HappeningKind.UNBANNED, at)
            case _:
                done = self._undo(BanKind.SPEAK, command.name, HappeningKind.UNMUTED, at)
        return Code.OK if done else Code.NO_SESSION

    def _present(self, name: str) -> Member | None:
        person = self._people.find(name)
        return self._members.get(person) if person is not None else None

    def _kick(self, name: str, now: float) -> bool:
        member = self._present(name)
        if member is not None:
            self._expel(member, CloseCode.KICKED, HappeningKind.KICKED, now)
        return member is not None

    def _ban(self, command: BanPerson, now: float, at: int) -> bool:
        person = self._people.find(command.name)
        if person is None:
            return False
        member = self._members.get(person)
        hosts = _hosts(member) if command.with_address and member is not None else set()
        for host in sorted(hosts) or [""]:
            self._people.add_ban(BanKind.ENTER, person, host, command.minutes, at)
        if member is not None:
            self._expel(member, CloseCode.BANNED, HappeningKind.BANNED, now)
        else:  # of somebody who is put out, that tells it
            self._report(Happened(HappeningKind.BANNED, at, command.name))
        self.report_bans()
        return True

    def _mute(self, command: Mute, at: int) -> bool:
        person = self._people.find(command.name)
        member = self._members.get(person) if person is not None else None
        if person is None or (member is None and "@" not in command.name):
            return False  # of another realm, nobody knows who is present
        self._people.add_ban(BanKind.SPEAK, person, "", command.minutes, at)
        name, address = command.name, None
        if member is not None:
            name, address = member.name, member.address
        self._report(Happened(HappeningKind.MUTED, at, name, address))
        self.report_bans()
        return True

    def _undo(self, kind: BanKind, name: str, happening: HappeningKind, at: int) -> bool:
        dropped = self._people.drop_bans(kind, name)
        for ban in dropped:
            self._report(Happened(happening, at, ban.name))
        self.report_bans()
        return bool(dropped)

    # --- files ---

    def _list_files(self) -> None:
        rows = tuple(map(self._file_row, self._store.newest_files(MOST_FILES)))
        coming = tuple(self._uploads.coming()[:MOST_FILES])
        self._report(FilesListed(rows, coming, self._stock.space))

    def _file_row(self, record: FileRecord) -> FileRow:
        places = self._store.file_places(record.file, MOST_PLACES + 1)
        return FileRow(
            record.file,
            record.name,
            record.size,
            self._uploads.name_of(record.person),
            record.at,
            tuple(map(self._place, places[:MOST_PLACES])),
            len(places) > MOST_PLACES,
        )

    def _place(self, conversation: int) -> tuple[ConversationKind, str]:
        if conversation == ROOM:
            return ConversationKind.ROOM, ""
        record = self._store.conversation(conversation)
        assert record is not None  # an entry stands in it
        return record.kind, record.name

    def _remove_file(self, command: RemoveFile, at: int) -> Code:
        record = self._store.file(command.file)
        if record is None or record.is_removed:
            return Code.FILE_MISSING
        self._store.remove_file(command.file)
        self._store.free_realms_of(command.file)
        removed = Happened(HappeningKind.FILE_REMOVED, at, text=record.name)

        def end(_: float) -> None:
            self._uploads.remove(command.file)
            self._report(removed)

        self._turn.when_kept(end)
        return Code.OK

    # --- passwords that were forgotten ---

    def _reset(self, command: ResetPassword) -> None:
        secret = make_password(self._random_below)
        reset = self._accounts.reset(command.name, secret, self._wall_clock())
        if reset is None:
            self._report(OperatorAnswered(command, Code.NO_SESSION))
        else:
            self._run(reset.work, partial(self._end_reset, command, reset, secret))

    def _end_reset(
        self, command: ResetPassword, reset: Reset, secret: str, result: object, now: float
    ) -> None:
        assert isinstance(result, Credentials)

        def keep(_: float) -> None:
            at = self._wall_clock()
            self._report(Happened(HappeningKind.PASSWORD_RESET, at, command.name))
            self._report(OperatorAnswered(command, Code.OK, secret))

        self._turn.when_undone(lambda _: self._report(OperatorAnswered(command, Code.DISK_FULL)))
        if self._turn.attempt(partial(self._accounts.end_reset, reset, result), now):
            self._turn.when_kept(keep)

    def _random_below(self, end: int) -> int:
        return int.from_bytes(self._random_bytes(8), "big") % end

    # --- ends of bans ---

    def watch_bans(self, now: float) -> None:
        """After any change, and when the server starts: sets the timer for the next end."""
        end = self._people.next_end()
        wait = (end - self._wall_clock()) / 1000 if end is not None else None
        self._ban_ends = now + max(0.01, min(wait, LOOK_AT_LEAST)) if wait is not None else None

    def next_timer(self) -> float | None:
        return self._ban_ends

    def handle_timer(self, now: float) -> None:
        """Takes back the bans whose end has come."""
        if self._ban_ends is not None and self._ban_ends <= now:
            self._turn.attempt(self._end_bans, now)
            self.watch_bans(now)

    def _end_bans(self) -> None:
        if self._people.drop_ended(self._wall_clock()):
            self.report_bans()

    # --- what an operator sees ---

    def report_bans(self) -> None:
        """After any change, and when the server starts."""
        self._report(BansChanged(self._people.bans()))

    def report_status(self, posted: int) -> None:
        """The table of people as it is now, and the space for files."""
        self._report(SpaceReported(self._stock.space))
        at = self._wall_clock()
        rows = tuple(self._row(member, at) for member in self._members.all())
        self._report(StatusReported(rows, posted, at))

    def _row(self, member: Member, at: int) -> PersonRow:
        newest = member.newest
        session = newest.session if newest is not None else None
        return PersonRow(
            person=member.person,
            name=member.name,
            address=session.address if session is not None else None,
            presence=Presence.AWAY if member.is_away else Presence.HERE,
            round_trip=session.round_trip.smoothed if session is not None else None,
            loss=session.receive_loss if session is not None else 0.0,
            since=member.since,
            is_muted=self._people.ban_on(BanKind.SPEAK, member.person, member.name, "", at)
            is not None,
            is_account=member.is_account,
        )


def _hosts(member: Member) -> set[str]:
    """The computers somebody is at, or was at last."""
    hosts = {peer.host for peer in member.peers.values()}
    if not hosts and member.address is not None:
        hosts.add(member.address[0])
    return hosts

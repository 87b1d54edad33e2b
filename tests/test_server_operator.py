from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, START, Chance, FarEnd, StubbornStore, open_store
from stubborn_shelf import StubbornShelf

from conversation import Presence
from entering import EnterRequest
from protocol import CloseCode, Code
from protocol_frames import Ping
from protocol_requests import Fields
from records import BanKind, Shelf, Store
from server_accounts import Accounts
from server_events import (
    BanPerson,
    BansChanged,
    Event,
    Happened,
    HappeningKind,
    Kick,
    Mute,
    OperatorAnswered,
    PersonRow,
    ResetPassword,
    StatusReported,
    Unban,
    Unmute,
)
from server_members import Members
from server_operator import Operator, PersonCommand
from server_peer import Member
from server_people import MINUTE
from server_rooms import Rooms
from server_stock import Stock
from server_turn import Jobs, Turn
from server_uploads import Uploads
from settings import Limits
from storage_files import FOLDER_NAME

AT = FIRST_UTC
CHANCE = Chance("operator")


class Office:
    """An operator with Ana and Budi in the room, and Citra gone but held."""

    def __init__(self, stubborn: StubbornStore, folder: Path) -> None:
        self.store = cast(Store, stubborn)
        self.full = stubborn.full
        self.events: list[Event] = []
        self.expelled: list[tuple[str, CloseCode, HappeningKind]] = []
        self.turn = Turn(self.store, lambda is_full: None)
        self.members = Members(
            self.store,
            Rooms(self.store, Limits(), has_file=lambda _: True),
            Limits(),
            self.turn,
            random_bytes=CHANCE,
            report=lambda event: None,
        )
        self.now = START
        self.jobs = Jobs()
        self.accounts = Accounts(self.store, CHANCE, b"secret")
        shelf = cast(Shelf, StubbornShelf(folder))
        stock = Stock(self.store, shelf, self.turn, Limits(), wall_clock=lambda: AT)
        uploads = Uploads(
            self.store,
            shelf,
            stock,
            self.turn,
            Limits(),
            run=self.jobs.run,
            wake=lambda peer: None,
            report=self.events.append,
            wall_clock=lambda: AT,
        )
        self.operator = Operator(
            self.members,
            self.accounts,
            self.store,
            uploads,
            stock,
            self.turn,
            report=self.events.append,
            expel=self._expel,
            run=self.jobs.run,
            random_bytes=CHANCE,
            wall_clock=lambda: AT + round((self.now - START) * 1000),
        )
        self.people = {
            name: self._enter(name, FarEnd(f"10.0.0.{place}"))
            for place, name in enumerate(("Ana", "Budi", "Citra"), start=2)
        }
        self.members.depart(self.people["Citra"], HappeningKind.GONE, START, AT)
        self.turn.attempt(lambda: self.members.write_owed(START), START)
        self.turn.commit(START)

    def _enter(self, name: str, far: FarEnd) -> Member:
        request = EnterRequest(CHANCE(16), CHANCE(16), name, None, ())
        admission = self.members.enter(request, far.peer.session.address, START, AT)
        self.store.commit()
        self.members.settle(admission, far.peer, START, AT)
        assert far.peer.member is not None
        return far.peer.member

    def _expel(self, member: Member, code: CloseCode, kind: HappeningKind, now: float) -> None:
        assert now == START
        self.expelled.append((member.name, code, kind))

    def do(self, command: PersonCommand) -> Code:
        """A turn with one command; how it was answered."""
        self.events.clear()
        self.operator.carry_out(command, self.now)
        self.turn.commit(self.now)
        (answer,) = [event for event in self.events if isinstance(event, OperatorAnswered)]
        assert answer.command is command
        return answer.code

    def reset(self, name: str) -> OperatorAnswered:
        """How ResetPassword was answered, whose work is done in between."""
        self.events.clear()
        self.operator.carry_out(ResetPassword(name), self.now)
        job = self.jobs.next()
        if job is not None:
            self.jobs.finish(job.key, job.run(), self.now)
        self.turn.commit(self.now)
        (answer,) = [event for event in self.events if isinstance(event, OperatorAnswered)]
        return answer

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (timer := self.operator.next_timer()) is not None and timer <= end:
            self.now = timer
            self.operator.handle_timer(timer)
            self.turn.commit(timer)
        self.now = end

    def bans(self) -> list[tuple[BanKind, str, int, str]]:
        """As told last, which is how they are on disk."""
        told = [event.bans for event in self.events if isinstance(event, BansChanged)][-1]
        assert list(told) == self.store.bans()
        return [(ban.kind, ban.name, ban.until, ban.address) for ban in told]

    def happened(self) -> list[tuple[HappeningKind, str]]:
        return [(e.kind, e.name) for e in self.events if isinstance(e, Happened)]


@pytest.fixture
def office(folder: Path) -> Iterator[Office]:
    store = open_store(folder)
    yield Office(store, folder / FOLDER_NAME)
    store.storage.close()


def test_kick_puts_out_and_keeps_nobody_out(office: Office) -> None:
    assert office.do(Kick("ANA")) is Code.OK

    assert office.expelled == [("Ana", CloseCode.KICKED, HappeningKind.KICKED)]
    assert office.store.bans() == []


@pytest.mark.parametrize("minutes", [None, 30])
@pytest.mark.parametrize("with_address", [False, True])
def test_ban_puts_out_and_keeps_out_until_its_end(
    office: Office, minutes: int | None, with_address: bool
) -> None:
    assert office.do(BanPerson("Ana", minutes, with_address)) is Code.OK

    until = AT + 30 * MINUTE if minutes else 0
    host = "10.0.0.2" if with_address else ""
    assert office.expelled == [("Ana", CloseCode.BANNED, HappeningKind.BANNED)]
    assert office.bans() == [(BanKind.ENTER, "Ana", until, host)]


@pytest.mark.parametrize("with_address", [False, True])
def test_who_is_gone_can_be_banned_while_the_name_is_held(
    office: Office, with_address: bool
) -> None:
    assert office.do(BanPerson("Citra", None, with_address)) is Code.OK

    assert office.expelled == []
    assert office.happened() == [(HappeningKind.BANNED, "Citra")]
    assert office.bans() == [(BanKind.ENTER, "Citra", 0, "")]


def test_a_ban_by_address_of_somebody_without_one_is_a_ban_by_name(office: Office) -> None:
    office.people["Ana"].peers.clear()
    office.people["Ana"].address = None  # present since before a restart, and not back yet

    assert office.do(BanPerson("Ana", None, with_address=True)) is Code.OK

    assert office.bans() == [(BanKind.ENTER, "Ana", 0, "")]


def test_mute_silences_and_lets_stay(office: Office) -> None:
    assert office.do(Mute("Ana", 5)) is Code.OK

    assert office.expelled == []
    assert office.happened() == [(HappeningKind.MUTED, "Ana")]
    assert office.bans() == [(BanKind.SPEAK, "Ana", AT + 5 * MINUTE, "")]


@pytest.mark.parametrize(
    ("command", "undo", "kind"),
    [
        (BanPerson("Ana"), Unban("ana"), HappeningKind.UNBANNED),
        (Mute("Ana"), Unmute("ana"), HappeningKind.UNMUTED),
    ],
)
def test_undo_takes_back_all_of_its_kind_and_nothing_else(
    office: Office, command: PersonCommand, undo: PersonCommand, kind: HappeningKind
) -> None:
    office.do(BanPerson("Budi"))
    office.do(Mute("Budi"))
    kept = office.bans()
    office.do(command)
    office.do(command)

    assert office.do(undo) is Code.OK
    assert office.happened() == [(kind, "Ana"), (kind, "Ana")]
    assert office.bans() == kept
    assert office.do(undo) is Code.NO_SESSION


@pytest.mark.parametrize("name", ["Dewi", "Citra"])
@pytest.mark.parametrize("command", [Kick, BanPerson, Mute, Unban, Unmute])
def test_nobody_of_that_name(office: Office, command: type[PersonCommand], name: str) -> None:
    is_held = name == "Citra"
    expected = Code.OK if is_held and command is BanPerson else Code.NO_SESSION

    assert office.do(command(name)) is expected
    assert office.expelled == []


def test_a_ban_by_address_reaches_every_computer_somebody_is_at(office: Office) -> None:
    far = FarEnd("10.0.0.9")
    office.people["Ana"].peers[far.peer.key] = far.peer

    office.do(BanPerson("Ana", None, with_address=True))

    assert office.bans() == [(BanKind.ENTER, "Ana", 0, host) for host in ("10.0.0.2", "10.0.0.9")]


def test_a_ban_by_address_reaches_where_somebody_was_last(office: Office) -> None:
    office.people["Ana"].peers.clear()

    office.do(BanPerson("Ana", None, with_address=True))

    assert office.bans() == [(BanKind.ENTER, "Ana", 0, "10.0.0.2")]


# --- passwords ---


def register(office: Office) -> None:
    fields: Fields = {
        "once": "00" * 16,
        "name": "Dewi",
        "full_name": "",
        "country": "",
        "salt": "00" * 16,
        "iterations": 4096,
        "stored_key": "00" * 32,
        "server_key": "00" * 32,
    }
    assert office.accounts.register(fields, lambda _: False, AT)[0] is Code.OK
    office.store.commit()


def test_a_reset_gives_four_words_for_the_operator_s_eyes_alone(office: Office) -> None:
    register(office)

    answered = office.reset("dewi")

    assert answered.code is Code.OK
    assert len(answered.secret.split("-")) == 4
    assert office.happened() == [(HappeningKind.PASSWORD_RESET, "dewi")]
    assert office.reset("dewi").secret != answered.secret
    assert not any(answered.secret in repr(event) for event in office.events)


def test_whoever_has_no_account_has_no_password_to_reset(office: Office) -> None:
    answered = office.reset("Ana")

    assert (answered.code, answered.secret) == (Code.NO_SESSION, "")


@pytest.mark.parametrize("method", ["save_credentials", "commit"])
def test_on_a_full_disk_a_password_is_not_reset(office: Office, method: str) -> None:
    register(office)
    account = office.store.account_named("dewi")
    office.full.add(method)

    answered = office.reset("Dewi")

    assert (answered.code, answered.secret) == (Code.DISK_FULL, "")
    assert office.store.account_named("dewi") == account
    assert office.happened() == []


# --- ends of bans ---


@pytest.mark.parametrize("minutes", [1, 90])
def test_bans_end_by_themselves_and_that_is_told_once(office: Office, minutes: int) -> None:
    office.do(BanPerson("Ana", minutes))
    office.do(BanPerson("Budi"))
    office.events.clear()

    office.pass_time(60 * minutes - 1)
    assert office.events == []
    office.pass_time(1.1)
    assert office.bans() == [(BanKind.ENTER, "Budi", 0, "")]
    assert len(office.events) == 1
    assert office.operator.next_timer() is None


def test_a_timer_that_comes_early_ends_nothing(office: Office) -> None:
    office.operator.handle_timer(office.now)
    office.do(BanPerson("Ana", 1))

    office.operator.handle_timer(office.now)

    assert office.bans() == [(BanKind.ENTER, "Ana", AT + MINUTE, "")]


@pytest.mark.parametrize("method", ["add_ban", "commit"])
def test_on_a_full_disk_a_command_is_not_half_carried_out(office: Office, method: str) -> None:
    office.do(BanPerson("Ana"))
    office.full.add(method)

    assert office.do(Mute("Budi")) is Code.DISK_FULL

    assert office.bans() == [(BanKind.ENTER, "Ana", 0, "")]


def test_the_table_of_people(office: Office) -> None:
    ana, budi = office.people["Ana"], office.people["Budi"]
    office.do(Mute("Budi"))
    budi.is_away = True
    assert ana.newest is not None
    ana.newest.session.round_trip.sample(0.02)
    budi.peers.clear()

    office.now += 1
    office.operator.report_status(17)

    assert office.events[-1] == StatusReported(
        people=(
            PersonRow(ana.person, "Ana", ("10.0.0.2", 5000), Presence.HERE, 0.02, 0.0, AT, False),
            PersonRow(budi.person, "Budi", None, Presence.AWAY, None, 0.0, AT, True),
        ),
        posted=17,
        at=AT + 1000,
    )


def test_loss_is_shown_as_it_is_of_datagrams_from_them(office: Office) -> None:
    far = FarEnd("10.0.0.9", now=START)
    sent = []
    for _ in range(4):
        far.session.queue(Ping(1).encode())
        sent += [d for burst in far.session.take_bursts(START) for d in burst.datagrams]
    office.people["Ana"].peers = {far.peer.key: far.peer}
    for number in (0, 3):
        far.peer.session.open(sent[number], number, ("10.0.0.9", 5000), START)

    office.operator.report_status(0)

    report = office.events[-1]
    assert isinstance(report, StatusReported)
    assert report.people[0].loss == 0.5

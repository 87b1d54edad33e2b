"""Whole rooms with private conversations, groups and accounts: who is told what, and when."""

from typing import Any

import pytest
from simulator import Client, Simulator
from society import ACCOUNTS

from client_events import (
    AddGroup,
    Answered,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    OpenPrivate,
)
from conversation import ROOM
from protocol import Code

pytestmark = pytest.mark.uncounted

BAD: dict[str, Any] = {"loss": 0.3, "duplication": 0.2, "jitter": 0.001}
DAY = 24 * 3600.0


def logged_in(network: Simulator, device: str, account: str) -> Client:
    """A device that was never here before, as an account."""
    one = network.client(device)
    one.log_in(account, ACCOUNTS[account])
    network.run_until(lambda: one.codes(LogIn) == [Code.OK] and network.is_at_rest(), within=300)
    return one


def register(network: Simulator, *names: str) -> None:
    for name in names:
        network.register(name, ACCOUNTS[name])


@pytest.mark.parametrize("seed", range(5))
def test_the_inbox_of_who_was_away_is_complete_in_order_and_once(seed: int) -> None:
    with Simulator(seed, **BAD) as network:
        register(network, "messi", "henderson")
        messi = logged_in(network, "Laptop", "messi")
        texts = [f"halo {place}" for place in range(60)]

        messi.write("henderson", *texts[:30])
        network.run(seconds=1)
        network.server.kill_after(network.random("kill").randrange(100))
        messi.write("henderson", *texts[30:])
        network.run(seconds=5)
        messi.kill()
        network.server.start()
        messi.join()
        network.check_healed()
        written = messi.texts(messi.private("henderson"))
        messi.leave()
        network.run(seconds=5)
        henderson = logged_in(network, "Ponsel", "henderson")

        assert henderson.unread(henderson.private("messi")) == written
        assert written == [text for text in texts if text in written]
        assert set(messi.acknowledged) <= set(written)
        assert len(written) > 20
        network.check_healed()


@pytest.mark.parametrize("seed", range(5))
def test_what_was_read_stays_read_through_kills_and_on_new_devices(seed: int) -> None:
    with Simulator(seed, **BAD) as network:
        register(network, "messi", "henderson")
        messi, henderson = (
            logged_in(network, "Laptop", "messi"),
            logged_in(network, "Ponsel", "henderson"),
        )
        messi.write("henderson", "satu", "dua")
        network.run_until(lambda: len(henderson.texts(henderson.private("messi"))) == 2)

        henderson.see(henderson.private("messi"))
        network.run(seconds=5)
        network.server.kill()
        henderson.kill()
        network.server.start()
        messi.write("henderson", "tiga")
        tablet = logged_in(network, "Tablet", "henderson")
        network.run_until(lambda: "tiga" in tablet.texts(tablet.private("messi")))

        assert tablet.unread(tablet.private("messi")) == ["tiga"]
        network.check()


def test_whoever_leaves_a_group_is_shown_nothing_that_is_said_after() -> None:
    with Simulator(1, **BAD) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.ask(AddGroup(ana.ticket(), "Kimia"))
        network.run_until(lambda: ana.codes(AddGroup) == [Code.OK])
        budi.ask(JoinGroup(budi.ticket(), "Kimia"))
        network.run_until(lambda: budi.codes(JoinGroup) == [Code.OK])

        budi.ask(LeaveGroup(budi.ticket(), "Kimia"))
        for place in range(40):
            network.after(place * 0.01, ana.write_group, "Kimia", f"rahasia {place}")
        network.run_until(lambda: budi.codes(LeaveGroup) == [Code.OK])
        network.run(seconds=10)

        assert budi.group("Kimia") == 0
        assert len(ana.texts(ana.group("Kimia"))) == 40
        network.check_healed()


def test_two_guests_of_one_name_on_different_days_never_see_each_other_s_conversations() -> None:
    with Simulator(1) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.write("Budi", "hanya kita")
        network.run_until(lambda: bool(budi.private("Ana")))
        first = budi.private("Ana")
        ana.leave()
        network.run(seconds=5)

        network.server.shift_wall_clock(DAY)
        network.run(seconds=300)
        other = network.client("Ana")
        network.everybody_enters()
        network.run_until(network.is_at_rest)
        at_first = set(other.conversations)
        answers: list[Answered] = []
        other.ask(OpenPrivate(other.ticket(), "Budi"), answers.append)
        other.write("Budi", "siapa kamu?")
        network.run_until(lambda: "siapa kamu?" in other.texts(other.private("Budi")))
        network.check_healed()

        assert at_first == {ROOM}
        assert answers[0].result != first
        assert budi.texts(first) == ["hanya kita"]
        assert "hanya kita" not in str(other.events)


def test_a_guest_who_would_log_out_before_coming_in_comes_in_and_cannot() -> None:
    with Simulator(1) as network:
        ana = network.client("Ana")

        ana.ask(LogOut(ana.ticket()))
        network.everybody_enters()
        network.run_until(network.is_at_rest)

        assert ana.codes(LogOut) == [Code.NO_SESSION]
        assert ana.identity.name == "Ana"


def test_after_logging_out_nothing_more_comes_until_the_next_login() -> None:
    with Simulator(1, **BAD) as network:
        register(network, "messi", "henderson")
        messi = logged_in(network, "Laptop", "messi")
        henderson = logged_in(network, "Ponsel", "henderson")
        messi.write("henderson", "sebelum")
        network.run_until(lambda: bool(henderson.private("messi")))

        henderson.ask(LogOut(henderson.ticket()))
        network.run_until(lambda: henderson.is_nobody)
        shown = len(henderson.shown)
        messi.write("henderson", "sesudah")
        messi.say("di ruang juga")
        network.run(seconds=10)
        held = dict(henderson.history)
        as_nobody = len(henderson.shown)
        henderson.log_in("henderson", ACCOUNTS["henderson"])
        network.run_until(lambda: henderson.codes(LogIn)[-1:] == [Code.OK] and network.is_at_rest())

        assert (held, as_nobody) == ({}, shown)
        assert henderson.texts(henderson.private("messi")) == ["sebelum", "sesudah"]
        network.check_healed()

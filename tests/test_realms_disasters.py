"""Linked realms whose servers are killed, restored from old backups, or out of space."""

import random
import shutil
from pathlib import Path

import pytest
from realm_world import Realms
from simulated_network import Weather
from simulated_programs import Server
from test_realms import GROUP, texts, with_group


def settle(realms: Realms) -> None:
    realms.heal()
    realms.run(90)


def all_there(realms: Realms, said: dict[str, list[str]], at_home: list[str]) -> None:
    """Each text once, and in its author's order."""
    assert sorted(at_home) == sorted(text for texts in said.values() for text in texts)
    for author in said.values():
        assert [text for text in at_home if text in set(author)] == author


@pytest.mark.parametrize("seed", range(12))
def test_servers_that_are_killed_anywhere_lose_and_double_nothing(seed: int) -> None:
    with Realms(seed, "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        chance = random.Random(f"kills {seed}")
        realms.network.weather = Weather(loss=0.1, duplication=0.1, reordering=0.1)
        said: dict[str, list[str]] = {"founder": [], "ana": []}

        for turn in range(12):
            for name in said:
                said[name].append(f"{name} {turn}")
            founder.write_group(GROUP, f"founder {turn}")
            ana.write_group(f"{GROUP}@b", f"ana {turn}")
            victim = realms[chance.choice("ab")].server
            if victim.is_running:
                victim.kill_after(chance.randrange(400))
            realms.run(chance.uniform(0.1, 4.0))
            for realm in realms.all.values():
                if not realm.server.is_running:
                    realm.server.start()
        settle(realms)

        a, b = realms["a"], realms["b"]
        at_home = texts(b, b.conversation(founder, GROUP))
        all_there(realms, said, at_home)
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == at_home
        assert b.server.kills + a.server.kills > 3


@pytest.mark.parametrize("seed", range(8))
def test_private_words_outlive_killed_servers(seed: int) -> None:
    with Realms(f"private {seed}", "a", "b") as realms:
        realms.link("a", "b")
        a, b = realms["a"], realms["b"]
        alice, bob = realms.client("a", "alice"), realms.client("b", "bob")
        realms.enters(alice, bob)
        alice.write("bob@b", "mulai")
        realms.run(3)
        here, there = a.conversation(alice, "bob@b"), b.conversation(bob, "alice@a")
        chance = random.Random(f"kills {seed}")
        said: dict[str, list[str]] = {"alice": ["mulai"], "bob": []}

        for turn in range(12):
            said["alice"].append(f"alice {turn}")
            said["bob"].append(f"bob {turn}")
            alice.say_in(here, f"alice {turn}")
            bob.say_in(there, f"bob {turn}")
            victim = realms[chance.choice("ab")].server
            if victim.is_running:
                victim.kill_after(chance.randrange(300))
            realms.run(chance.uniform(0.1, 4.0))
            for realm in realms.all.values():
                if not realm.server.is_running:
                    realm.server.start()
        settle(realms)

        all_there(realms, said, texts(a, here))
        all_there(realms, said, texts(b, there))


@pytest.mark.parametrize("full", ["a", "b"])
def test_a_disk_that_is_full_at_one_side_delays_and_loses_nothing(full: str) -> None:
    with Realms(f"full {full}", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        writer, group = (ana, f"{GROUP}@b") if full == "b" else (founder, GROUP)
        said = [f"kata {turn}" for turn in range(6)]

        realms[full].server.fill_disk()
        for text in said:
            writer.write_group(group, text)
            realms.run(5)
        settle(realms)

        a, b = realms["a"], realms["b"]
        assert texts(b, b.conversation(founder, GROUP)) == said
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == said


def test_what_a_realm_has_is_known_at_last_though_the_disk_was_full_when_it_said_so() -> None:
    with Realms("have", "a", "b") as realms:
        realms.link("a", "b")
        a, b = realms["a"], realms["b"]
        alice, bob = realms.client("a", "alice"), realms.client("b", "bob")
        realms.enters(alice, bob)
        alice.write("bob@b", "satu")
        realms.run_until(lambda: "satu" in texts(b, b.conversation(bob, "alice@a")))
        a.server.fill_disk()
        realms.run(5)
        unknown = a.server.store.waiting_for(1)

        a.server.mend_disk()
        realms.run(60)

        assert unknown == 1
        assert a.server.store.waiting_for(1) == 0


@pytest.mark.parametrize("share", [0.2, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_disks_that_fail_now_and_then(seed: int, share: float) -> None:
    with Realms(f"flaky {seed}", "b", "a") as realms:
        realms.link("a", "b")
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        for realm in realms.all.values():
            realm.server.fill_disk(share)

        for turn in range(8):
            founder.write_group(GROUP, f"founder {turn}")
            ana.write_group(f"{GROUP}@b", f"ana {turn}")
            realms.run(4)
        settle(realms)

        a, b = realms["a"], realms["b"]
        at_home = texts(b, b.conversation(founder, GROUP))
        assert texts(a, a.conversation(ana, f"{GROUP}@b")) == at_home
        assert len(set(at_home)) == len(at_home)
        taken = {t for t in (f"{w} {n}" for w in ("founder", "ana") for n in range(8))}
        refused = {refused.text for one in (founder, ana) for refused in one.refused}
        assert taken - refused <= set(at_home)


@pytest.mark.parametrize("which", ["a", "b"])
def test_an_old_backup_put_back_doubles_nothing_and_loses_nothing_elsewhere(which: str) -> None:
    with Realms(f"backup {which}", "b", "a") as realms:
        realms.link("a", "b")
        a, b = realms["a"], realms["b"]
        with_group(realms, "b", "a")
        founder, ana = realms.clients
        alice, bob = realms.client("a", "alice"), realms.client("b", "bob")
        realms.enters(alice, bob)

        def everybody_speaks(turn: int) -> None:
            alice.write("bob@b", f"alice {turn}")
            realms.run(2)
            bob.write("alice@a", f"bob {turn}")
            founder.write_group(GROUP, f"founder {turn}")
            ana.write_group(f"{GROUP}@b", f"ana {turn}")
            realms.run(20)

        everybody_speaks(1)
        backup = copied(realms, realms[which].server)
        everybody_speaks(2)
        put_back(realms, realms[which].server, backup)
        everybody_speaks(3)

        other = a if which == "b" else b
        in_private = {
            a: texts(a, a.conversation(alice, "bob@b")),
            b: texts(b, b.conversation(bob, "alice@a")),
        }
        in_group = {
            a: texts(a, a.conversation(ana, f"{GROUP}@b")),
            b: texts(b, b.conversation(founder, GROUP)),
        }
        for said in (*in_private.values(), *in_group.values()):
            assert len(set(said)) == len(said)
        assert set(in_private[other]) == {f"{w} {n}" for w in ("alice", "bob") for n in (1, 2, 3)}
        assert set(in_group[other]) == {f"{w} {n}" for w in ("founder", "ana") for n in (1, 2, 3)}
        copy = a.conversation(ana, f"{GROUP}@b")
        names = a.server.store.member_names(copy, 10)
        assert sorted(names) == ["founder@b", "friend of a"]


def copied(realms: Realms, server: Server) -> Path:
    """A backup, for which the server stops."""
    backup = realms.root / "backup"
    server.stop()
    realms.run(3)
    shutil.copytree(server.folder, backup)
    server.start()
    realms.run(20)
    return backup


def put_back(realms: Realms, server: Server, backup: Path) -> None:
    """What was done since is forgotten."""
    server.stop()
    realms.run(3)
    shutil.rmtree(server.folder)
    shutil.copytree(backup, server.folder)
    server.start()
    realms.run(60)

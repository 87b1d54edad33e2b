"""H10: people do what they like and the world does its worst, in any order that can be thought of.

Hypothesis looks for an order that breaks a promise, and makes it as short as it can. disasters.py
does the same with more weather, and with chance instead of thought.
"""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from simulator import Simulator, Weather
from society import ACCOUNTS, GROUPS

import client_events as client
from conversation import ROOM

pytestmark = pytest.mark.uncounted

DEVICES = ("Ana", "Budi", "Citra")
PEOPLE = (*DEVICES, *ACCOUNTS)

devices = st.sampled_from(range(len(DEVICES)))
groups = st.sampled_from(GROUPS)
accounts = st.sampled_from(tuple(ACCOUNTS))
counts = st.sampled_from((1, 3, 12))


class Room(RuleBasedStateMachine):
    """Three devices, two accounts and two groups on one server."""

    @initialize(seed=st.integers(0, 1_000_000), loss=st.sampled_from((0.0, 0.1, 0.3)))
    def open(self, seed: int, loss: float) -> None:
        self.network = Simulator(seed)
        for name, password in ACCOUNTS.items():
            self.network.register(name, password)
        self.weather = Weather(loss=loss, duplication=loss / 2, jitter=0.001)
        self.network.network.weather = self.weather
        self.devices = self.network.clients(*DEVICES)
        for one in self.devices:
            one.keeps_trying = True
        self.said = 0

    def texts(self, count: int) -> list[str]:
        first, self.said = self.said, self.said + count
        return [f"pesan {first + place}" for place in range(count)]

    # --- people ---

    @rule(device=devices, count=counts)
    def say(self, device: int, count: int) -> None:
        if self.devices[device].is_running:
            self.devices[device].say(*self.texts(count))

    @rule(device=devices, name=st.sampled_from(PEOPLE), count=counts)
    def write(self, device: int, name: str, count: int) -> None:
        self.devices[device].write(name, *self.texts(count))

    @rule(device=devices, group=groups, count=counts)
    def write_group(self, device: int, group: str, count: int) -> None:
        self.devices[device].write_group(group, *self.texts(count))

    @rule(device=devices, account=accounts)
    def log_in(self, device: int, account: str) -> None:
        self.devices[device].log_in(account, ACCOUNTS[account])

    @rule(device=devices)
    def log_out(self, device: int) -> None:
        one = self.devices[device]
        one.ask(client.LogOut(one.ticket()))

    @rule(device=devices, group=groups)
    def join_group(self, device: int, group: str) -> None:
        one = self.devices[device]
        one.ask(client.AddGroup(one.ticket(), group))
        one.ask(client.JoinGroup(one.ticket(), group))

    @rule(device=devices, group=groups)
    def leave_group(self, device: int, group: str) -> None:
        one = self.devices[device]
        one.ask(client.LeaveGroup(one.ticket(), group))

    @rule(device=devices)
    def see_everything(self, device: int) -> None:
        for conversation in list(self.devices[device].history):
            self.devices[device].see(conversation)

    @rule(device=devices)
    def rename(self, device: int) -> None:
        one = self.devices[device]
        one.ask(client.ChangeName(one.ticket(), f"{one.name} dua"))

    @rule(device=devices)
    def leave(self, device: int) -> None:
        self.devices[device].leave()

    # --- the world ---

    @rule(seconds=st.sampled_from((0.01, 0.3, 2.0, 20.0, 130.0)))
    def pass_time(self, seconds: float) -> None:
        self.network.run(seconds=seconds)

    @rule(device=devices)
    def come_back(self, device: int) -> None:
        if not self.devices[device].is_running:
            self.devices[device].join()

    @rule(device=devices, steps=st.integers(0, 40))
    def kill_device(self, device: int, steps: int) -> None:
        self.devices[device].kill_after(steps)

    @rule(steps=st.integers(0, 120))
    def kill_server(self, steps: int) -> None:
        self.network.server.kill_after(steps)

    @rule()
    def stop_server(self) -> None:
        self.network.server.stop()

    @rule()
    def start_server(self) -> None:
        if not self.network.server.is_running:
            self.network.server.start()

    @rule(device=devices)
    def cut(self, device: int) -> None:
        self.network.cut(self.devices[device])

    @rule(device=devices)
    def mend(self, device: int) -> None:
        self.network.mend(self.devices[device])

    @rule(device=devices)
    def roam(self, device: int) -> None:
        self.devices[device].roam()

    @rule(days=st.sampled_from((-1, 1, 40)))
    def set_the_clock(self, days: int) -> None:
        self.network.server.shift_wall_clock(days * 86_400)

    @rule(share=st.sampled_from((0.0, 0.1, 1.0)))
    def fill_disk(self, share: float) -> None:
        self.network.server.fill_disk(share)

    # --- the end ---

    def teardown(self) -> None:
        if hasattr(self, "network"):
            with self.network:
                self.recover()

    def recover(self) -> None:
        """All is well again; everybody comes back and has everything."""
        network, everyone = self.network, self.devices
        network.network.weather = Weather()
        network.mend(*everyone)
        for program in (network.server, *everyone):
            program.spare()
        network.server.mend_disk()
        network.run(seconds=5)  # what was asked for has its way: to stop, to leave
        self.start_server()
        for device in range(len(everyone)):
            self.come_back(device)
        network.run_until(lambda: all(c.entered or c.is_nobody for c in everyone), 600)
        network.run(seconds=30)  # who was about to log out has done so
        for one in everyone:
            if one.is_nobody:
                one.log_in(*next(iter(ACCOUNTS.items())))
        network.check_healed()
        for one in everyone:
            for conversation in one.conversations:
                one.say_in(conversation, f"{one.name} sehat di {conversation}")
        network.check_healed(within=60)
        assert all(ROOM in one.conversations for one in everyone)


Room.TestCase.settings = settings(stateful_step_count=30)
test_a_room_keeps_its_promises_in_whatever_order_things_happen = Room.TestCase

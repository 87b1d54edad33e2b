"""What people do in a room, as chance has it: talk, log in and out, meet in groups and in private.

Some devices are guests and some share an account. Somebody may stand by who is no member of
anything and asks for everything.
"""

import random
from collections.abc import Callable

from raw_peers import SturdyClient
from simulator import PASSWORD, Client, Simulator

import client_events as client
import server_events as server
from conversation import PEOPLE, ROOM
from entering import EnterRequest
from protocol import Code, Verb
from protocol_frames import EntryPart, Have, Pull

ACCOUNTS = {"messi": "bola bundar", "henderson": "kapten", "lineker": "walk=ers, 1986"}
GROUPS = ("kelompok-Bagan", "new")
MOST_CONVERSATIONS = 12  # that a spy guesses


class Society:
    """``things`` happen to one of ``everyone``; then all ``return_to_the_room``."""

    def __init__(
        self, network: Simulator, everyone: tuple[Client, ...], chance: random.Random
    ) -> None:
        self.network = network
        self.everyone = everyone
        self._chance = chance
        self._said = 0
        self._is_divided = chance.random() < 0.7  # into more conversations than the room
        if self._is_divided:
            for name, password in ACCOUNTS.items():
                network.register(name, password)
        self._spy = network.raw_client(kind=SturdyClient) if chance.random() < 0.3 else None
        self._guests = 0

    def begin(self) -> None:
        """Most are in one group, and some have an account, when it starts."""
        if not self._is_divided:
            return
        for one in self.everyone:
            if self._chance.random() < 0.5:
                self._log_in(one)
            one.ask(client.AddGroup(one.ticket(), GROUPS[0]))
            if self._chance.random() < 0.8:
                one.ask(client.JoinGroup(one.ticket(), GROUPS[0]))

    def things(self) -> dict[Callable[[Client], object], int]:
        """What may happen, and how often."""
        if not self._is_divided:
            return {self._say: 40}
        chance, names = self._chance, [*ACCOUNTS, *(one.name for one in self.everyone)]
        return {
            self._say: 15,
            lambda one: one.write(chance.choice(names), *self._texts(one)): 15,
            lambda one: one.write_group(chance.choice(GROUPS), *self._texts(one)): 15,
            self._write_somewhere: 10,
            self._log_in: 10,
            lambda one: one.ask(client.LogOut(one.ticket())): 2,
            lambda one: one.ask(client.AddGroup(one.ticket(), chance.choice(GROUPS))): 5,
            lambda one: one.ask(client.JoinGroup(one.ticket(), chance.choice(GROUPS))): 10,
            lambda one: one.ask(client.LeaveGroup(one.ticket(), chance.choice(GROUPS))): 4,
            lambda one: one.see(self._somewhere(one)): 8,
            lambda one: one.load_older(chance.randint(1, 300), self._somewhere(one)): 3,
            lambda one: one.ask(client.Search(one.ticket(), chance.choice(names))): 3,
            lambda one: one.ask(client.AskMembers(one.ticket(), chance.choice(GROUPS))): 1,
            lambda one: one.ask(client.AskGroups(one.ticket())): 1,
            lambda one: one.ask(client.FindPeople(one.ticket(), chance.choice("hlm"))): 1,
            self._rename: 2,
            lambda one: self.network.server.command(server.Kick(one.identity.name)): 1,
            self._ask_for_everything: 5,
        }

    def return_to_the_room(self) -> None:
        """Whoever has logged out logs in again."""
        self.network.run_until(lambda: all(one.is_running for one in self.everyone))
        for one in self.everyone:
            if one.is_nobody:
                self._log_in(one)

    def talk_once_more(self) -> None:
        """Everybody says and sees something everywhere; what was seen is known on all devices."""
        network = self.network
        for one in self.everyone:
            for conversation in one.conversations:
                one.say_in(conversation, f"{one.name} sehat di {conversation}")
        network.check_healed(within=30)
        for one in self.everyone:
            for conversation in one.conversations:
                one.see(conversation)
        network.run(seconds=10)
        network.check()
        for one in self.everyone:
            markers = network.server.store.read_markers(one.identity.person)
            heads = {place: network.server.head(place) for place in one.conversations}
            assert one.read == heads, f"{one.name} has seen {one.read} of {heads}"
            assert {place: markers.get(place) for place in heads} == heads, f"not kept: {markers}"
        self._check_spy()

    # --- things ---

    def _texts(self, one: Client) -> list[str]:
        chance = self._chance
        tail = "z" * chance.randint(900, 9000) if chance.random() < 0.1 else ""
        count = chance.choice((1, 5, 40))
        first, self._said = self._said, self._said + count
        return [f"{one.name} {first + place} {tail}" for place in range(count)]

    def _say(self, one: Client) -> None:
        if one.is_running:
            one.say(*self._texts(one))

    def _somewhere(self, one: Client) -> int:
        return self._chance.choice([ROOM, *sorted(one.conversations)])

    def _write_somewhere(self, one: Client) -> None:
        """Also where one was a member a moment ago, and as nobody."""
        place = self._somewhere(one)
        if place == ROOM:
            self._say(one)
        elif one.is_running:
            one.say_in(place, *self._texts(one))

    def _log_in(self, one: Client) -> None:
        name = self._chance.choice(list(ACCOUNTS))
        one.log_in(name, ACCOUNTS[name])

    def _rename(self, one: Client) -> None:
        name = f"{one.name} {self._chance.randrange(3)}"
        one.ask(client.ChangeName(one.ticket(), name))

    # --- somebody who is no member of anything ---

    def _ask_for_everything(self, _: Client) -> None:
        """In a session of its own each time, as another guest."""
        spy, network = self._spy, self.network
        if spy is None:
            return
        self._guests += 1
        wish = EnterRequest(
            self._chance.randbytes(16), self._chance.randbytes(16), f"Mata {self._guests}", None, ()
        )
        with network.calm():
            is_in = spy.shake_hands() and spy.prove(PASSWORD) is Code.OK
            if not is_in or spy.ask(Verb.ENTER, wish.encode()) is None:
                return
            places = range(ROOM + 1, ROOM + MOST_CONVERSATIONS)
            pulls = [Pull(place, 1, 0, 1000).encode() for place in places]
            spy.send_frames(*pulls, Have(tuple((place, 1) for place in places)).encode())
            network.run(seconds=0.1)

    def _check_spy(self) -> None:
        """Only what everybody is told was told to the spy."""
        if self._spy is not None:
            heard = {
                frame.conversation for frame in self._spy.frames if isinstance(frame, EntryPart)
            }
            assert heard <= {PEOPLE, ROOM}, f"I5: a spy heard {heard}"

"""What stands at the addresses of the simulated network: programs around cores, and strangers.

A ``Program`` does with a core what endpoint.Driver does, in the same order, but on a heap. It can
be killed between any two steps of a turn, stopped for a while, and moved to another address.
"""

import functools
from collections import deque
from collections.abc import Callable
from typing import Any

from simulated_network import Address, Network

import auth
from protocol import Burst, Job
from records import StoreBrokenError, StoreError

TURN_TIME = 0.0002  # seconds from the first datagram of a turn to its end
JOB_TIME = 0.003
BUFFER = 4_000  # datagrams a stopped program's socket holds
_MOST_IDLE_TURNS = 2_000  # turns by timer within one virtual second


class Killed(BaseException):
    """kill -9. No handler of the program may catch it, so it is no Exception."""


class Program:
    """Runs a core at an address."""

    def __init__(self, name: str, address: Address, network: Network) -> None:
        self.name = name
        self.address = address
        self.network = network
        self.core: Any = None
        self.turns = 0
        self._inbox: deque[tuple[str, Any, Any]] = deque()
        self._is_turn_planned = False
        self._wake_at: float | None = None
        self._stopped_until = 0.0
        self._steps_to_live: int | None = None
        self._life = 0  # counts cores, so that nothing planned for one reaches the next
        self._timer_turns = 0
        self._timer_second = 0.0
        network.place(self)

    @property
    def is_running(self) -> bool:
        """Whether there is a core."""
        return self.core is not None

    def arrive(self, datagram: bytes, source: Address) -> None:
        """The network brings something."""
        if self.core is not None and len(self._inbox) < BUFFER:
            self._inbox.append(("datagram", datagram, source))
            self._plan_turn()

    def command(self, command: object) -> None:
        """The user wants something; of a program that does not run, nothing comes of it."""
        if self.core is not None:
            self._inbox.append(("command", command, None))
            self._plan_turn()

    def stop_for(self, seconds: float) -> None:
        """SIGSTOP, then SIGCONT."""
        self._stopped_until = self.network.now + seconds

    def kill(self) -> None:
        """kill -9 between two turns."""
        if self.core is not None:
            self.die()

    def kill_after(self, steps: int) -> None:
        """kill -9 in the middle of a turn, after so many steps (verbs, store calls, sends)."""
        self._steps_to_live = steps

    def spare(self) -> None:
        """No kill in the middle of a turn any more."""
        self._steps_to_live = None

    def step(self) -> None:
        """Called wherever a kill may strike. Raises Killed."""
        if self._steps_to_live is not None:
            if self._steps_to_live <= 0:
                raise Killed
            self._steps_to_live -= 1

    # --- for roles ---

    def begin(self, core: object) -> None:
        """A new core runs here."""
        self._life += 1
        self.core = core
        self._inbox.clear()
        self._is_turn_planned = False
        self._wake_at = None
        self._plan_turn()

    def on_event(self, event: object) -> None:
        """The core reports something."""

    def on_death(self) -> None:
        """The core is gone without a goodbye."""

    def on_end(self) -> None:
        """The core is done by itself."""

    # --- turns ---

    def _plan_turn(self) -> None:
        if not self._is_turn_planned and self.core is not None:
            self._is_turn_planned = True
            start = max(self.network.now + TURN_TIME, self._stopped_until)
            self.network.at(start, self._turn, self._life)

    def _turn(self, life: int) -> None:
        if life != self._life or self.core is None:
            return
        now = self.network.now
        if now < self._stopped_until:  # stopped after the turn was planned
            self.network.at(self._stopped_until, self._turn, life)
            return
        self._is_turn_planned = False
        self.turns += 1
        try:
            self._feed(now)
            self._give_out(now)
        except (Killed, StoreBrokenError):  # a broken disk ends a server, and nothing else does
            self.die()
            return
        if self.core.is_done:
            self._end()
        else:
            self._plan_wake()

    def _feed(self, now: float) -> None:
        core, inbox = self.core, self._inbox
        while inbox:
            kind, what, more = inbox.popleft()
            self.step()
            if kind == "datagram":
                core.receive_datagram(what, more, now)
            elif kind == "command":
                core.handle_command(what, now)
            else:
                core.handle_result(what, more, now)
        self.step()
        timer = core.next_timer()
        if timer is not None and timer <= now:
            self._watch_timer(now)
            core.handle_timer(now)
            self.step()

    def _give_out(self, now: float) -> None:
        core = self.core
        bursts = core.bursts_to_send(now)
        while (event := core.next_event()) is not None:
            self.step()
            self.on_event(event)
        for burst in bursts:
            self.step()
            self._send(burst)
        self.step()
        while (job := core.next_job()) is not None:
            self.network.after(JOB_TIME, self._finish_job, self._life, job)

    def _send(self, burst: Burst) -> None:
        self.network.send(self.name, self.address, burst.address, burst.datagrams)

    def _finish_job(self, life: int, job: Job) -> None:
        if life != self._life or self.core is None:
            return
        try:
            result: object = _run_cached(job.run)
        except Exception as error:  # noqa: BLE001 - as the driver does
            result = error
        self._inbox.append(("result", job.key, result))
        self._plan_turn()

    def _plan_wake(self) -> None:
        timer = self.core.next_timer()
        if timer is not None and (self._wake_at is None or timer < self._wake_at):
            self._wake_at = max(timer, self.network.now + TURN_TIME)
            self.network.at(self._wake_at, self._wake, self._life, self._wake_at)

    def _wake(self, life: int, time: float) -> None:
        if life != self._life or self.core is None or time != self._wake_at:
            return
        self._wake_at = None
        timer = self.core.next_timer()
        if self._is_turn_planned:  # it will look after the timer
            return
        if timer is not None and timer <= self.network.now:
            self._is_turn_planned = True
            self._turn(life)
        else:
            self._plan_wake()

    def _watch_timer(self, now: float) -> None:
        if now - self._timer_second >= 1.0:
            self._timer_second, self._timer_turns = now, 0
        self._timer_turns += 1
        assert self._timer_turns < _MOST_IDLE_TURNS, f"the timer of {self.name} is always due"

    def die(self) -> None:
        """What a kill comes to."""
        self._life += 1
        self._steps_to_live = None
        self.core = None
        self._inbox.clear()
        self.on_death()

    def _end(self) -> None:
        self._life += 1
        self.core = None
        self._inbox.clear()
        self.on_end()


class Stranger:
    """An address with nobody's program behind it: sends anything, keeps what comes."""

    def __init__(self, name: str, address: Address, network: Network) -> None:
        self.name = name
        self.address = address
        self.network = network
        self.received: list[tuple[bytes, Address]] = []
        self.on_arrival: Callable[[bytes, Address], None] | None = None
        network.place(self)

    def arrive(self, datagram: bytes, source: Address) -> None:
        self.received.append((datagram, source))
        if self.on_arrival is not None:
            self.on_arrival(datagram, source)

    def send(self, datagram: bytes, destination: Address, source: Address | None = None) -> None:
        """``source`` may be forged."""
        self.network.send(self.name, source or self.address, destination, [datagram])


# Not ``index_some``, which bears a full disk by itself, nor ``write_along``, to another file.
WRITES = {"append", "begin_commit", "commit", "forget_answers", "forget_old", "forget_session"}
WRITES |= {"use_token", "add_ban", "bind_stream", "drop_ban", "drop_tokens", "remember_session"}
WRITES |= {"save_answer", "save_guesses", "save_once", "save_person", "save_token"}
WRITES |= {"add_account", "drop_token", "save_credentials", "set_read"}
WRITES |= {"add_group", "add_member", "add_private", "drop_member"}
WRITES |= {"add_file", "bring_file", "forget_file", "remove_file"}
WRITES |= {"save_realm", "drop_realm", "save_foreign_person", "add_mirror", "set_returned"}
WRITES |= {"name_people_of", "name_mirror"}
WRITES |= {"save_followed", "set_realm_has", "add_undelivered", "drop_undelivered", "decline"}
WRITES |= {"undo_decline", "add_awaited_file", "drop_awaited_file", "add_realm_bytes"}
WRITES |= {"free_realms_of", "refuse_to"}
WRITES |= {"give_awaited_file", "note_refused", "note_realm_seen"}
SHELF_WRITES = {"begin", "write", "mark"}


class BrittleStore:
    """A real store in which kill -9 may strike before and after every call, and disks fail.

    ``fails`` says of each write whether it is the one that fails, and how. As with the real store,
    nothing works after that but ``rollback``.
    """

    def __init__(
        self,
        store: Any,
        step: Callable[[], None],
        fails: Callable[[str], StoreError | None] = lambda write: None,
    ) -> None:
        self._store = store
        self._step = step
        self._fails = fails
        self._failure: StoreError | None = None
        self._is_committing = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **named: Any) -> Any:
            self._step()
            has_begun, self._is_committing = self._is_committing, name == "begin_commit"
            if name in WRITES and not has_begun:  # what has begun is beyond our reach
                self._failure = self._failure or self._fails(name)
                if self._failure is not None:
                    raise self._failure
            result = found(*arguments, **named)
            self._step()
            return result

        setattr(self, name, call)
        return call

    def rollback(self) -> None:
        """Nothing of the turn stays, and the next one may succeed."""
        self._step()
        self._failure = None
        self._store.rollback()


class BrittleShelf:
    """A real shelf in which kill -9 may strike before and after every call, and disks fail."""

    def __init__(
        self,
        shelf: Any,
        step: Callable[[], None],
        fails: Callable[[str], StoreError | None],
    ) -> None:
        self._shelf = shelf
        self._step = step
        self._fails = fails

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._shelf, name)

        def call(*arguments: Any) -> Any:
            self._step()
            failure = self._fails(name) if name in SHELF_WRITES else None
            if failure is not None:
                raise failure
            result = found(*arguments)
            self._step()
            return result

        setattr(self, name, call)
        return call


@functools.cache
def cached_prs(password: str, room_id: bytes) -> bytes:
    """The password's key, worked out once per test process and not once per simulated program."""
    return _derive_prs(password, room_id)


_derive_prs = auth.derive_prs


def _run_cached(run: Callable[[], object]) -> object:
    if isinstance(run, functools.partial) and run.func is _derive_prs and not run.keywords:
        return cached_prs(*run.args)
    return run()

from collections.abc import Callable

import pytest
from server_parts import PASSWORD, START, Chance, FarEnd
from simulated_nodes import cached_prs

from auth import Failures
from entering import ClientEntering, Step
from protocol import Code, PeerError, Verb
from protocol_requests import Answer, Fields
from server_entrance import TICK, Entrance
from server_peer import Peer

ROOM_ID = bytes(16)
UTC = 1_800_000_000_000


class Gate:
    """An entrance, and clients whose every answer is noted with its time."""

    def __init__(self, *, is_ready: bool = True) -> None:
        self.now = START
        self.answers: list[tuple[float, Peer, int, Code, Fields]] = []
        self.wrong: list[Peer] = []
        self.broken: list[Peer] = []
        self.entrance = Entrance(
            random_bytes=Chance("gate"),
            answer=self._answer,
            on_wrong_password=lambda peer, now: self.wrong.append(peer),
            guard=self._guard,
        )
        if is_ready:
            self.entrance.set_prs(cached_prs(PASSWORD, ROOM_ID), self.now)

    def _answer(self, peer: Peer, request: int, code: Code, fields: Fields) -> None:
        self.answers.append((self.now, peer, request, code, fields))

    def _guard(self, peer: Peer, act: Callable[[], None], now: float) -> None:
        try:
            act()
        except PeerError:
            self.broken.append(peer)

    def ask(self, peer: Peer, verb: Verb, fields: Fields) -> None:
        self.entrance.receive(peer, verb, verb, fields, self.now)

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while (timer := self.entrance.next_timer()) is not None and timer <= end:
            self.now = max(self.now, timer)
            self.entrance.handle_timer(self.now)
        self.now = end

    def answer_to(self, caller: "Caller") -> Answer | None:
        for _, peer, verb, code, fields in reversed(self.answers):
            if peer is caller.peer:
                return Answer(verb, Verb(verb), code, fields)
        return None


class Caller:
    """Somebody who knows a password, the right one or not."""

    def __init__(self, gate: Gate, host: str = "10.0.0.2", password: str = PASSWORD) -> None:
        self.gate = gate
        self.peer = FarEnd(host, 5000 + len(gate.answers)).peer
        self.proof = self.fresh_proof(password)

    def fresh_proof(self, password: str) -> ClientEntering:
        return ClientEntering(
            handshake_hash=self.peer.session.handshake_hash,
            server_key=self.peer.session.server_key,
            prs=cached_prs(password, ROOM_ID),
            random_bytes=Chance(f"caller {self.peer.key} {password}"),
        )

    def share(self) -> Fields:
        """PAKE1, answered; the fields of PAKE2."""
        verb, fields = self.proof.first()
        self.gate.ask(self.peer, verb, fields)
        self.gate.pass_time(1.5 * TICK)
        answer = self.gate.answer_to(self)
        assert answer is not None
        step = self.proof.receive(answer)
        assert step is not None
        return step[1]

    def prove(self) -> Code | None:
        """PAKE2's answer, if it has come after a tick."""
        fields = self.share()
        before = len(self.gate.answers)
        self.gate.ask(self.peer, Verb.PAKE2, fields)
        self.gate.pass_time(1.5 * TICK)
        answer = self.gate.answer_to(self)
        return answer.code if answer is not None and len(self.gate.answers) > before else None


def guess(gate: Gate, host: str = "10.0.0.2", password: str = "salah") -> Code | None:
    return Caller(gate, host, password).prove()


def test_who_knows_the_password_proves_it_and_gets_the_server_s_proof() -> None:
    gate = Gate()
    caller = Caller(gate)

    assert caller.prove() is Code.OK

    answer = gate.answer_to(caller)
    assert answer is not None
    assert caller.proof.receive(answer) is None
    assert caller.proof.is_proved
    assert caller.peer.entering.step is Step.PROVED
    assert gate.wrong == []


def test_a_wrong_password_is_refused_told_to_the_operator_and_may_be_tried_anew() -> None:
    gate = Gate()
    caller = Caller(gate, password="salah")

    assert caller.prove() is Code.WRONG_PASSWORD
    assert gate.wrong == [caller.peer]
    assert caller.peer.entering.step is Step.FRESH

    caller.proof = caller.fresh_proof(PASSWORD)
    assert caller.prove() is Code.OK


# --- the tick ---


@pytest.mark.parametrize("offset", [0.0, 0.001, 0.012, 0.0249])
@pytest.mark.parametrize("password", [PASSWORD, "salah"])
def test_answers_leave_on_a_fixed_tick_whatever_the_arithmetic_took(
    offset: float, password: str
) -> None:
    gate = Gate()
    gate.now += offset
    caller = Caller(gate, password=password)

    caller.prove()

    times = [time for time, *_ in gate.answers]
    assert len(times) == 2
    for time in times:
        assert time / TICK == pytest.approx(round(time / TICK))
    assert times[0] == pytest.approx(START + TICK)


def test_those_who_come_all_the_time_do_not_hold_back_each_other_s_answers() -> None:
    gate = Gate()
    early = Caller(gate)
    gate.ask(early.peer, *early.proof.first())

    for _ in range(5):  # each turn brings somebody before the timer is looked at
        gate.now += TICK + 0.001
        gate.ask(Caller(gate).peer, *Caller(gate).proof.first())
        gate.entrance.handle_timer(gate.now)

    assert gate.answers[0][1] is early.peer
    assert gate.answers[0][0] < START + 2 * TICK


# --- before the password is worked out ---


def test_who_asks_before_the_password_is_ready_is_answered_once_it_is() -> None:
    gate = Gate(is_ready=False)
    caller, gone, rude = Caller(gate), Caller(gate), Caller(gate)
    gate.ask(caller.peer, *caller.proof.first())
    gate.ask(gone.peer, *gone.proof.first())
    gate.ask(rude.peer, Verb.PAKE1, {"ya": "kacau"})
    gate.entrance.forget(gone.peer)
    gate.pass_time(1)
    assert gate.answers == []

    gate.entrance.set_prs(cached_prs(PASSWORD, ROOM_ID), gate.now)
    gate.pass_time(1)

    assert [(peer, code) for _, peer, _, code, _ in gate.answers] == [(caller.peer, Code.OK)]
    assert gate.broken == [rude.peer]


# --- out of turn ---


@pytest.mark.parametrize(
    ("verb", "allowed"), [(Verb.PAKE1, {Step.FRESH, Step.SHARED}), (Verb.PAKE2, {Step.SHARED})]
)
@pytest.mark.parametrize("step", list(Step))
def test_each_step_allows_what_follows_it_and_everything_else_ends_the_session(
    step: Step, verb: Verb, allowed: set[Step]
) -> None:
    gate = Gate()
    caller = Caller(gate)
    proof = caller.share()
    fields = proof if verb is Verb.PAKE2 else caller.proof.first()[1]
    caller.peer.entering.step = step

    if step in allowed:
        gate.ask(caller.peer, verb, fields)
    else:
        with pytest.raises(PeerError):
            gate.ask(caller.peer, verb, fields)
        assert caller.peer.entering.step is step


def test_out_of_turn_is_out_of_turn_for_who_has_to_wait_too() -> None:
    gate = Gate()
    for _ in range(8):
        guess(gate)
    entered = Caller(gate)
    entered.peer.entering.step = Step.ENTERED

    with pytest.raises(PeerError):
        gate.ask(entered.peer, Verb.PAKE2, {})

    assert entered.peer.entering.step is Step.ENTERED


def test_one_exchange_is_good_for_one_guess() -> None:
    gate = Gate()
    caller = Caller(gate, password="salah")
    fields = caller.share()
    gate.ask(caller.peer, Verb.PAKE2, fields)

    with pytest.raises(PeerError):
        gate.ask(caller.peer, Verb.PAKE2, fields)
    assert len(gate.wrong) == 1


@pytest.mark.parametrize("field", ["", "00", "zz" * 32, "00" * 32])
def test_a_share_that_is_none_ends_the_session(field: str) -> None:
    gate = Gate()

    with pytest.raises(PeerError):
        gate.ask(Caller(gate).peer, Verb.PAKE1, {"ya": field})


# --- guessing ---


def test_five_wrong_guesses_are_free_then_each_costs_twice_as_long_up_to_a_minute() -> None:
    gate = Gate()
    assert [guess(gate) for _ in range(5)] == [Code.WRONG_PASSWORD] * 5

    waits = []
    for _ in range(8):
        caller = Caller(gate, password="salah")
        assert caller.prove() is Code.TOO_MANY_GUESSES
        answer = gate.answer_to(caller)
        assert answer is not None
        wait = answer.fields["wait"]
        assert isinstance(wait, int)
        waits.append(wait)
        assert caller.peer.entering.step is Step.FRESH
        gate.pass_time(wait)
        assert guess(gate) is Code.WRONG_PASSWORD

    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_being_right_never_counts_and_another_address_does_not_wait() -> None:
    gate = Gate()
    for _ in range(20):
        assert guess(gate, password=PASSWORD) is Code.OK
    for _ in range(6):
        guess(gate)

    assert guess(gate, password=PASSWORD) is Code.TOO_MANY_GUESSES
    assert guess(gate, "10.0.0.3", PASSWORD) is Code.OK


def crowded() -> Gate:
    """A gate at which a room's sixty failures of this minute are spent."""
    gate = Gate()
    for number in range(70):
        guess(gate, f"10.0.1.{number}")
        if len(gate.wrong) < number + 1:
            return gate
    raise AssertionError("sixty a minute, and seventy were served at once")


def test_when_the_room_s_failures_are_spent_places_are_served_one_a_second_round_robin() -> None:
    gate = crowded()
    many = [Caller(gate, "10.0.2.1", "salah") for _ in range(10)]
    honest = Caller(gate, "10.0.2.2")
    for caller in (*many, honest):
        gate.ask(caller.peer, Verb.PAKE2, caller.share())
    assert gate.entrance.is_queued(honest.peer)
    start = gate.now

    gate.pass_time(5)

    answer = gate.answer_to(honest)
    assert answer is not None
    assert (answer.verb, answer.code) == (Verb.PAKE2, Code.OK)
    assert not gate.entrance.is_queued(honest.peer)
    served = [time for time, *_, code, _ in gate.answers if code is Code.WRONG_PASSWORD]
    assert len([time for time in served if time > start]) <= 6


def test_who_ends_its_session_gives_up_its_place_and_its_answer() -> None:
    gate = crowded()
    queued, answered = Caller(gate, "10.0.2.1"), Caller(gate, "10.0.2.2")
    gate.ask(queued.peer, Verb.PAKE2, queued.share())
    gate.ask(answered.peer, *answered.proof.first())
    before = len(gate.answers)

    gate.entrance.forget(queued.peer)
    gate.entrance.forget(answered.peer)
    gate.pass_time(120)

    assert not gate.entrance.is_queued(queued.peer)
    assert {queued.peer, answered.peer}.isdisjoint(peer for _, peer, *_ in gate.answers[before:])


def test_a_bad_proof_in_the_queue_ends_its_session_alone() -> None:
    gate = crowded()
    rude, honest = Caller(gate, "10.0.2.1"), Caller(gate, "10.0.2.2")
    rude.share()
    gate.ask(rude.peer, Verb.PAKE2, {"ta": "kacau"})
    gate.ask(honest.peer, Verb.PAKE2, honest.share())

    gate.pass_time(10)

    assert gate.broken == [rude.peer]
    answer = gate.answer_to(honest)
    assert answer is not None
    assert answer.code is Code.OK


def test_failures_outlive_a_restart() -> None:
    gate = Gate()
    for _ in range(5):
        guess(gate)
    kept = gate.entrance.guesses(gate.now, UTC)
    assert [(record.address, record.failures) for record in kept] == [("10.0.0.2", 5)]

    again = Gate()
    again.entrance.guessing.restore(
        [Failures(one.address, one.failures, one.last_failure) for one in kept], again.now, UTC
    )

    assert guess(again) is Code.TOO_MANY_GUESSES

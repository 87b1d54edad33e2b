from itertools import count

from client_events import Answered, Command, JoinGroup, Register
from client_tickets import Tickets
from protocol import Code


class Desk:
    """Tickets, with what went out and what was answered."""

    def __init__(self) -> None:
        self.sent: list[Command] = []
        self.answers: list[Answered] = []
        numbers = count(1)
        self.tickets = Tickets(submit=self.sent.append, new_ticket=lambda: next(numbers))


def test_each_answer_comes_to_whoever_asked() -> None:
    desk = Desk()
    others: list[Answered] = []

    first = desk.tickets.ask(JoinGroup(0, "bagan"), desk.answers.append)
    second = desk.tickets.ask(JoinGroup(0, "futsal"), others.append)
    desk.tickets.take(Answered(second, Code.OK, 11))
    desk.tickets.take(Answered(first, Code.NO_SUCH_GROUP))

    assert desk.sent == [JoinGroup(1, "bagan"), JoinGroup(2, "futsal")]
    assert desk.answers == [Answered(1, Code.NO_SUCH_GROUP)]
    assert others == [Answered(2, Code.OK, 11)]


def test_an_answer_comes_once_and_nobody_elses_does() -> None:
    desk = Desk()
    ticket = desk.tickets.ask(JoinGroup(0, "bagan"), desk.answers.append)

    desk.tickets.take(Answered(99, Code.OK))
    desk.tickets.take(Answered(ticket, Code.OK, 10))
    desk.tickets.take(Answered(ticket, Code.OK, 10))

    assert desk.answers == [Answered(1, Code.OK, 10)]


def test_what_the_server_would_refuse_in_any_case_is_not_sent() -> None:
    desk = Desk()

    desk.tickets.ask(Register(0, "", "rahasia"), desk.answers.append)

    assert desk.sent == []
    assert desk.answers == [Answered(1, Code.NAME_INVALID, reason="empty")]


def test_nobody_waits_for_what_is_forgotten() -> None:
    desk = Desk()
    ticket = desk.tickets.ask(JoinGroup(0, "bagan"), desk.answers.append)

    desk.tickets.forget(ticket)
    desk.tickets.forget(ticket)
    desk.tickets.take(Answered(ticket, Code.OK, 10))

    assert desk.answers == []

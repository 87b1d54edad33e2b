"""Questions to the server, and whom each answer is for.

Band: cores. Pure. It keeps no order: a window's questions stand in dialogs of their own, and what
must wait for something else waits in client_errands.py.
"""

from collections.abc import Callable
from dataclasses import replace

from client_answers import foregone
from client_events import Answered, Command, Request

OnAnswered = Callable[[Answered], None]


class Tickets:
    """One visit's: ``submit`` and ``new_ticket`` are there for all else that goes out."""

    def __init__(self, *, submit: Callable[[Command], None], new_ticket: Callable[[], int]) -> None:
        self.submit = submit
        self.new_ticket = new_ticket
        self._waiting: dict[int, OnAnswered] = {}

    def ask(self, request: Request, on_answered: OnAnswered) -> int:
        """The ticket it was given. What the server would refuse in any case is answered at once."""
        ticket = self.new_ticket()
        known = foregone(request)
        if known is not None:
            on_answered(replace(known, ticket=ticket))
            return ticket
        self._waiting[ticket] = on_answered
        self.submit(replace(request, ticket=ticket))
        return ticket

    def take(self, answered: Answered) -> None:
        """An answer came; perhaps nobody waits for it (any more)."""
        on_answered = self._waiting.pop(answered.ticket, None)
        if on_answered is not None:
            on_answered(answered)

    def forget(self, ticket: int) -> None:
        """Nobody waits for it any more."""
        self._waiting.pop(ticket, None)

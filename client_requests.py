"""What a user asks of the server, one thing after the other, each answered exactly once.

Band: cores. Knows how a request goes on, not what it is about: its course is a generator that
yields steps and returns the answer. What a lost session interrupted begins again in the next one.
"""

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, cast

from client_events import Answered, LogIn, Register, Request
from entering import FalseServerError
from protocol import MAX_REQUEST_JSON, Code, PeerError, RunJob, Verb, encode_object
from protocol_requests import Answer, Fields, number_field

CHANCE_SIZE = 32  # random bytes for each request: what stays the same however often it begins
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Goes on with the Answer of the server."""

    verb: Verb
    fields: Fields


@dataclass(frozen=True, slots=True)
class Work:
    """Goes on with what ``run`` gave, on a worker's thread."""

    run: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Until:
    """Goes on once ``is_so``, which is looked at each turn."""

    is_so: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Do:
    """Goes on at once; ``act`` is told the time."""

    act: Callable[[float], None]


Step = Ask | Work | Until | Do
Course = Generator[Step, object, Answered]


def ask(verb: Verb, fields: Fields) -> Generator[Step, object, Answer]:
    """One question and its answer. One that does not fit into a datagram is a bad one."""
    if not fits(fields):
        return Answer(0, verb, Code.BAD_REQUEST, {})
    answer = yield Ask(verb, fields)
    assert isinstance(answer, Answer)
    return answer


def work(run: Callable[[], T]) -> Generator[Step, object, T]:
    """What is too long for the network thread. Raises PeerError as ``run`` does."""
    result = yield Work(run)
    if isinstance(result, PeerError):
        raise result
    return cast(T, result)


def answered(request: Request, answer: Answer) -> Answered:
    """How a request ended that the server refused, or that has no result."""
    reason, wait = answer.fields.get("reason"), 0.0
    if answer.code is Code.TOO_MANY_GUESSES:
        wait = float(number_field(answer.fields, "wait"))
    text = reason if isinstance(reason, str) else ""
    return Answered(request.ticket, answer.code, None, wait, text)


def fits(fields: Fields) -> bool:
    try:
        return len(encode_object(fields)) <= MAX_REQUEST_JSON
    except UnicodeEncodeError:  # half a character, as some keyboards give
        return False


class Requests:
    """Served in the order in which they came, one at a time.

    ``begin`` makes the course of a request, anew each time it begins, from it and CHANCE_SIZE
    random bytes that stay the same. ``end`` is told each answer.
    """

    def __init__(
        self,
        *,
        random_bytes: Callable[[int], bytes],
        begin: Callable[[Request, bytes], Course],
        ask: Callable[[Verb, Fields, float], int],
        run: RunJob,
        end: Callable[[Request, Answered], None],
    ) -> None:
        self._random_bytes = random_bytes
        self._begin = begin
        self._ask = ask
        self._run = run
        self._end = end
        self._waiting: deque[tuple[Request, bytes]] = deque()  # the first is the one being served
        self._course: Course | None = None
        self._asked = 0  # the question whose answer it waits for
        self._until: Until | None = None

    def add(self, request: Request) -> None:
        """One more."""
        self._waiting.append((request, self._random_bytes(CHANCE_SIZE)))

    @property
    def first(self) -> Request | None:
        """What is served now, or will be next."""
        return self._waiting[0][0] if self._waiting else None

    @property
    def is_early(self) -> bool:
        """Whether the first is one of the two that nobody can ask: to register, and to log in."""
        return isinstance(self.first, Register | LogIn)

    def serve(self, now: float, *, is_somebody: bool, is_nameless: bool) -> None:
        """In a session: goes on with the first, or begins it.

        ``is_nameless``: nor will we be somebody soon, so what only somebody can ask is refused.
        """
        while self._waiting:
            if is_nameless:
                self.refuse_others()
            if self._course is not None:
                if self._until is None or not self._until.is_so():
                    return
                self._until = None
            elif is_somebody or self.is_early:
                self._course = self._begin(*self._waiting[0])
            else:
                return
            self._go_on(None, now)

    def refuse_others(self) -> None:
        """What nobody can ask, as long as it is first."""
        while self._waiting and not self.is_early:
            self.finish(Answered(self._waiting[0][0].ticket, Code.NO_SESSION))

    def receive(self, answer: Answer, now: float) -> None:
        """The server's answer to what was asked last. Raises FalseServerError."""
        if answer.request == self._asked:
            self._asked = 0
            self._go_on(answer, now)

    def interrupt(self) -> None:
        """The session is gone: what was served begins again in the next one."""
        if self._course is not None:
            self._course.close()
        self._course, self._until, self._asked = None, None, 0

    def finish(self, answer: Answered) -> None:
        """The first is answered."""
        self.interrupt()
        request, _ = self._waiting.popleft()
        self._end(request, answer)

    def give_up(self) -> None:
        """There will be no session any more."""
        while self._waiting:
            self.finish(Answered(self._waiting[0][0].ticket, Code.NO_SESSION))

    def _go_on(self, value: object, now: float) -> None:
        """To the next step. An answer that cannot be read is as good as a refusal."""
        course, ticket = self._course, self._waiting[0][0].ticket
        assert course is not None
        try:
            step = course.send(value)
            while isinstance(step, Do):
                step.act(now)
                step = course.send(None)
        except StopIteration as end:
            self.finish(end.value)
        except PeerError as error:
            self.finish(Answered(ticket, Code.BAD_REQUEST))
            if isinstance(error, FalseServerError):
                raise
        else:
            self._take(step, course, now)

    def _take(self, step: Ask | Work | Until, course: Course, now: float) -> None:
        match step:
            case Ask(verb, fields):
                self._asked = self._ask(verb, fields, now)
            case Work(run):
                self._run(run, partial(self._receive_result, course))
            case _:
                self._until = step

    def _receive_result(self, course: Course, result: object, now: float) -> None:
        if course is self._course:
            self._go_on(result, now)

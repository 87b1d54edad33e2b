"""History: whether a long past makes a server slow or large.

    python bench/history.py [--quick | --tiny]

Two stores, one with a hundred times as many messages as the other (1,000,000 and 10,000), both
with 10,000 accounts and 1,000 groups, are made by the store itself. On each a real server is
started; 100 people talk in the room, 20 messages a second together, while somebody does what needs
the past, as one account after the other: logs in (CHALLENGE and LOGIN; the client's own PBKDF2 is
not counted), looks at the inbox (LOGS, all pages), opens a private conversation (PRIVATE and the
newest page of its log), and searches. Each of these accounts belongs to 101 conversations. Memory
is the server's resident set: before anybody came, and when everything was done.

The files of a store that was just made are in the memory of the machine; no disk is waited for.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import past
import rig
from crowd import Address, Company, Crowd, LightPerson
from past import Past
from rig import Size, Sized

from auth_scram import NONCE_SIZE, SALT_SIZE, ClientExchange
from belonging import LogsAnswer, LogsRequest, OfferedConversation
from conversation import ConversationKind
from entering import ONCE_SIZE, STREAM_SIZE
from protocol import Code, Verb
from protocol_frames import EntryPart, Pull, Response
from protocol_requests import Answer, Fields, hex_field, list_field, number_field

WRITERS = 8
RATE = 20  # messages a second, of all writers together
PATIENCE = 30.0  # s for an answer; longer is a failure
PAUSE = 0.02  # s from one thing to the next
OTHERS_FROM = 200  # index of the first of those who only are there
ASKER = 199

_FULL = Past(accounts=10_000, groups=1_000, messages=1_000_000, busy=100, busy_groups=90)
_TINY = Past(accounts=60, groups=10, messages=600, busy=3, busy_groups=8)
PAST = Sized(_FULL, _FULL, _TINY)
LITTLE = Sized(10_000, 10_000, 300)  # messages in the store that the other is compared with
PEOPLE = Sized(100, 100, 12)
VISITS = Sized(300, 150, 2)  # how often an account is visited, one after the other
RUNS = Sized(3, 1, 1)


class Asker(LightPerson):
    """Somebody who asks, waits for the answer and measures: a guest first, then this or that
    account. The crowd lives on meanwhile.
    """

    def __init__(self, index: int, server: Address, name: str) -> None:
        super().__init__(index, server, name)
        self._answers: dict[int, Answer] = {}
        self._entries: dict[int, set[int]] = {}  # numbers that came, by conversation

    def drain(self, now: float) -> None:
        """Takes and opens everything."""
        while True:
            try:
                datagram = self.sock.recv(65535)
            except BlockingIOError:
                return
            self.receive(datagram, now)

    def _receive_response(self, frame: Response, now: float) -> None:
        if not self.has_entered:
            super()._receive_response(frame, now)
            return
        answer = self._requester.receive(frame)
        if answer is not None:
            self._answers[answer.request] = answer

    def _receive_entry(self, part: EntryPart) -> None:
        super()._receive_entry(part)
        if part.part == part.parts - 1:
            self._entries.setdefault(part.conversation, set()).add(part.number)

    # --- asking ---

    def ask(self, crowd: Crowd, verb: Verb, fields: Fields) -> tuple[Fields, float]:
        """The answer, and the seconds it took. It has to be OK."""
        begin = time.monotonic()
        request = self._requester.ask(verb, fields, begin)
        self.send_due(begin)
        self._wait(crowd, lambda: request in self._answers)
        elapsed = time.monotonic() - begin
        answer = self._answers.pop(request)
        if answer.code is not Code.OK:
            raise RuntimeError(f"{verb.name} was answered {answer.code.name}")
        return answer.fields, elapsed

    def _wait(self, crowd: Crowd, is_done: Callable[[], bool]) -> None:
        give_up = time.monotonic() + PATIENCE
        while not is_done():
            if crowd.turn() > give_up:
                raise TimeoutError("no answer")

    # --- what is measured: each gives the seconds it took ---

    def log_in(self, crowd: Crowd, name: str) -> float:
        """Between the two questions the proof is worked out, which is not the server's time."""
        assert self._session is not None
        nonce = secrets.token_bytes(NONCE_SIZE)
        exchange = ClientExchange(name, past.ACCOUNT_PASSWORD, nonce, self._session.handshake_hash)
        question: Fields = {"name": name, "nonce": nonce.hex()}
        challenge, asking = self.ask(crowd, Verb.CHALLENGE, question)
        proof = exchange.proof(
            hex_field(challenge, "salt", SALT_SIZE),
            number_field(challenge, "iterations"),
            hex_field(challenge, "nonce", 2 * NONCE_SIZE),
        )
        wish: Fields = {
            "once": secrets.token_hex(ONCE_SIZE),
            "proof": proof.hex(),
            "stream": secrets.token_hex(STREAM_SIZE),
            "logs": [],
        }
        _, proving = self.ask(crowd, Verb.LOGIN, wish)
        self._entries.clear()
        return asking + proving

    def log_out(self, crowd: Crowd) -> None:
        self.ask(crowd, Verb.LOGOUT, {"once": secrets.token_hex(ONCE_SIZE)})

    def look_at_inbox(self, crowd: Crowd) -> tuple[list[OfferedConversation], float]:
        """All conversations, and the seconds until all pages were there."""
        rows: list[OfferedConversation] = []
        after: int | None = 0
        elapsed = 0.0
        while after is not None:
            asked = LogsRequest(after)
            fields, took = self.ask(crowd, Verb.LOGS, asked.encode())
            page = LogsAnswer.decode(fields, asked)
            rows += page.logs
            after = page.next_after
            elapsed += took
        return rows, elapsed

    def open_private(self, crowd: Crowd, row: OfferedConversation) -> float:
        """Until the newest entries are all there."""
        wish: Fields = {"once": secrets.token_hex(ONCE_SIZE), "name": row.name}
        begin = time.monotonic()
        fields, _ = self.ask(crowd, Verb.PRIVATE, wish)
        if number_field(fields, "conversation") != row.conversation:
            raise RuntimeError("another conversation than the inbox told of")
        assert self._session is not None
        self._session.queue(Pull(row.conversation, row.log.floor + 1, 0, row.log.head).encode())
        self.send_due(time.monotonic())
        wanted = set(range(row.log.floor + 1, row.log.head + 1))
        self._wait(crowd, lambda: wanted <= self._entries.get(row.conversation, set()))
        return time.monotonic() - begin

    def search(self, crowd: Crowd, words: str) -> float:
        fields, elapsed = self.ask(crowd, Verb.SEARCH, {"words": words})
        if not list_field(fields, "hits"):
            raise RuntimeError(f"nothing was found of {words!r}")
        return elapsed


class TalkingCrowd(Crowd):
    """Its writers say something in the room, one after the other, from when ``begin`` is called."""

    def __init__(self, writers: list[LightPerson]) -> None:
        super().__init__(writers)
        self._writers = writers
        self._begin: float | None = None
        self._said = 0

    def begin(self) -> None:
        self._begin = time.monotonic()

    def turn(self, patience: float = 0.002) -> float:
        now = super().turn(patience)
        while self._begin is not None and self._said < (now - self._begin) * RATE:
            self._writers[self._said % len(self._writers)].say(f"{self._said:<100}", now)
            self._said += 1
        return now


@contextmanager
def full_room(address: Address, people: int) -> Iterator[tuple[TalkingCrowd, Asker]]:
    """Writers and somebody who asks here, everybody else in a process of their own."""
    writers = [LightPerson(index, address, f"writer {index}") for index in range(WRITERS)]
    others = range(OTHERS_FROM, OTHERS_FROM + people - WRITERS)
    company = Company(lambda index: LightPerson(index, address, f"light {index}"))
    crowd = TalkingCrowd(writers)
    try:
        crowd.enter()
        company.enter(others, crowd)
        asker = Asker(ASKER, address, "somebody")
        crowd.add(asker)
        crowd.enter()
        crowd.run(len(others) * 0.01)  # until their coming is no news any more
        crowd.begin()
        yield crowd, asker
    finally:
        crowd.close()
        company.close()


@dataclass
class Figures:
    """What one run on one store came to."""

    ready: float = 0.0  # s until the server answered after its start
    memory_before: int = 0  # bytes
    memory_after: int = 0
    seconds: dict[str, list[float]] = field(default_factory=dict)  # by what was done

    def add(self, what: str, seconds: float) -> None:
        self.seconds.setdefault(what, []).append(seconds)

    def milliseconds(self, what: str) -> tuple[float, float, float]:
        """p50, p99 and the longest."""
        taken = self.seconds[what]
        shares = rig.percentile(taken, 0.50), rig.percentile(taken, 0.99), max(taken)
        return shares[0] * 1e3, shares[1] * 1e3, shares[2] * 1e3


def visit(crowd: TalkingCrowd, asker: Asker, made: Past, turn: int, figures: Figures) -> None:
    """All that is measured, as one account."""
    name = past.account_name(turn % made.busy)
    figures.add("log in", asker.log_in(crowd, name))
    crowd.run(PAUSE)
    rows, took = asker.look_at_inbox(crowd)
    figures.add("inbox", took)
    crowd.run(PAUSE)
    private = [row for row in rows if row.kind is ConversationKind.PRIVATE and row.name]
    row = private[turn // made.busy % len(private)]
    figures.add("open a conversation", asker.open_private(crowd, row))
    crowd.run(PAUSE)
    figures.add("search", asker.search(crowd, past.search_words(turn)))
    crowd.run(PAUSE)
    asker.log_out(crowd)
    crowd.run(PAUSE)


def measure(store: Path, made: Past, size: Size) -> Figures:
    """A server on a copy of this store, from its start to the last visit."""
    figures = Figures()
    with TemporaryDirectory(prefix="ruang-bench-") as name:
        folder = Path(name) / "store"
        shutil.copytree(store, folder)
        begin = time.monotonic()
        with rig.ruang_server(folder=folder) as server:
            figures.ready = time.monotonic() - begin
            figures.memory_before = server.memory_bytes()
            with full_room(("127.0.0.1", server.port), PEOPLE.of(size)) as (crowd, asker):
                for turn in range(VISITS.of(size)):
                    visit(crowd, asker, made, turn, figures)
                figures.memory_after = server.memory_bytes()
    return figures


def stored_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def main(size: Size) -> None:
    rig.use_generator_cpu()
    long = PAST.of(size)
    short = replace(long, messages=LITTLE.of(size))
    rows, memory = [], []
    for made in (short, long):
        with TemporaryDirectory(prefix="ruang-bench-") as name:
            folder = Path(name)
            past.make(folder, made)
            stored = stored_bytes(folder)
            runs = [measure(folder, made, size) for _ in range(RUNS.of(size))]
        for what in runs[0].seconds:
            columns = zip(*(run.milliseconds(what) for run in runs), strict=True)
            p50, p99, worst = (rig.median(column) for column in columns)
            rows.append([f"{made.messages:,}", what, f"{p50:.1f}", f"{p99:.1f}", f"{worst:.0f}"])
        before, after = (
            rig.median([run.memory_before for run in runs]),
            rig.median([run.memory_after for run in runs]),
        )
        memory.append(
            [
                f"{made.messages:,}",
                f"{stored / 1e6:,.0f}",
                f"{rig.median([run.ready for run in runs]):.2f}",
                f"{before / 1e6:.1f}",
                f"{after / 1e6:.1f}",
            ]
        )
    print(f"{long.accounts:,} accounts, {long.groups:,} groups, {PEOPLE.of(size)} people talking\n")
    print(rig.table(["messages", "what", "p50 ms", "p99 ms", "worst ms"], rows), flush=True)
    print()
    header = ["messages", "on disk MB", "ready after s", "memory MB", "and after all that"]
    print(rig.table(header, memory))


if __name__ == "__main__":
    rig.run(main, __doc__)

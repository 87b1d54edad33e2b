"""Three servers in a chain that are killed while people of all of them write to each other.

    python tests/killed_realms.py 300           for five minutes
    python tests/killed_realms.py 300 7         as chance has it with seed 7

campus-a is linked with campus-b, and that with campus-c. test_killed_realms.py does a short one at
every commit.
"""

import json
import os
import random
import shutil
import sqlite3
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent))

from processes import Program, World

from storage_schema import DATABASE_NAME

GROUP = "kelas"
PLACES = {"campus-a": "127.0.0.2", "campus-b": "127.0.0.3", "campus-c": "127.0.0.4"}
PEOPLE = {"campus-a": "ana", "campus-b": "bela", "campus-c": "citra"}
HOME = "campus-b"
LINKS = (("campus-b", "campus-a"), ("campus-b", "campus-c"))  # who calls, and who is called
PATIENCE = 150.0  # s: a realm that was not reached is called once a minute at least
MOST_WAITING = 12  # lines of one person that are not answered yet
RECENT = 2_000  # entries of a database that are looked through
NO_SUCH_REALM, NO_WAY_THERE = "NO_SUCH_REALM", "NO_WAY_THERE"


class Line(NamedTuple):
    """Something that was typed. ``there``: the realm on whose disk it is once it is delivered."""

    place: str  # the conversation, by its writer's name for it
    text: str
    there: str
    is_file: bool = False


class Campus:
    """A server, and somebody in its room who writes by script."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.person = PEOPLE[name]
        self.kills = 0
        self.states: Counter[str] = Counter()
        self.server: Program | None = world.start_server("--name", name)
        self.said: list[Line] = []
        self._typed = 0  # lines
        self._waiting: deque[Line] = deque()  # for an answer, in the order of lines
        self._files: dict[int, Line] = {}  # and those that are answered when they are
        self._read = 0  # lines of the client

    def join(self) -> None:
        assert self.server is not None
        self.world.learn(self.server)
        self.client = self.world.client(self.person)

    # --- the server ---

    def kill(self) -> None:
        if self.server is not None:
            self.server.kill()
            self.server.close()
            self.server = None
            self.kills += 1

    def start(self) -> None:
        if self.server is None:
            self.server = self.world.start_server("--name", self.name)

    def has(self, text: str) -> bool:
        """Whether something is on the server's disk, be it alive or not."""
        path = self.world.folder / "room" / DATABASE_NAME
        end = time.monotonic() + 10.0
        while True:
            with suppress(sqlite3.OperationalError):  # it is just being opened
                connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
                with closing(connection):
                    rows = connection.execute(
                        "SELECT count(*) FROM (SELECT body FROM entries ORDER BY place DESC"
                        " LIMIT ?) WHERE instr(body, ?)",
                        (RECENT, text.encode()),
                    )
                    return bool(rows.fetchone()[0])
            assert time.monotonic() < end, f"the database of {self.name} cannot be read"
            time.sleep(0.05)

    # --- the client ---

    def ask(self, line: str) -> dict[str, Any]:
        """The answer to a line, while nothing else waits for one."""
        assert not self.waits
        seen = len(self.client.lines)
        self.client.type(line)
        self._typed += 1
        answer: dict[str, Any] = json.loads(self.client.wait_for(is_answer, seen))
        self._read = len(self.client.lines)
        return answer

    def type(self, command: str, line: Line) -> None:
        """Something is said; its answer is looked at when it comes."""
        self._typed += 1
        self.said.append(line)
        if line.is_file:
            self._files[self._typed] = line
        else:
            self._waiting.append(line)
        self.client.type(command)

    @property
    def waits(self) -> int:
        return len(self._waiting) + len(self._files)

    def look(self) -> Iterator[tuple[Line, dict[str, Any]]]:
        """The answers that have come since."""
        self.client.look()
        if self.server is not None:
            self.server.look()
        news, self._read = self.client.lines[self._read :], len(self.client.lines)
        for answer in filter(is_answer, news):
            fields = json.loads(answer)
            number = fields.get("line")
            line = self._waiting.popleft() if number is None else self._files.pop(number)
            assert fields["status"] == "OK", (line, fields)
            self.states[fields.get("state", "here")] += 1
            yield line, fields

    def events(self) -> list[dict[str, Any]]:
        return [fields for fields in map(json.loads, self.client.lines) if "event" in fields]

    def shown(self, place: str) -> list[tuple[str, str]]:
        """Who said what there, as it was told."""
        return [
            (event["sender"], event["text"])
            for event in self.events()
            if event["event"] == "entry" and event["conversation"] == place
        ]


def is_answer(line: str) -> bool:
    return "status" in json.loads(line)


class Chain:
    """All of them."""

    def __init__(self, worlds: dict[str, World], chance: random.Random, folder: Path) -> None:
        self._chance = chance
        self._folder = folder
        self._files = 0
        self.all = {name: Campus(world, name) for name, world in worlds.items()}

    def __getitem__(self, name: str) -> Campus:
        return self.all[name]

    def begin(self) -> None:
        """They are linked, and all are in the group; ana and citra have no way to each other."""
        for campus in self.all.values():
            campus.join()
        for campus in self.all.values():
            campus.client.event(event="connection", state="entered")
        for caller, called in LINKS:
            port = self[called].world.port
            answer = self[caller].ask(f"/addrealm {called} {PLACES[called]} {port}")
            assert answer["code"] == "OK", answer
        assert self[HOME].ask(f"/addgroup {GROUP}")["code"] == "OK"
        for end, other in (("campus-a", "citra@campus-c"), ("campus-c", "ana@campus-a")):
            assert self[end].ask(f"/joingroup {GROUP}@{HOME}")["code"] == "OK"
            assert self[end].ask(f"/send {other} halo")["code"] == NO_SUCH_REALM
            assert self[end].ask(f"/send {other}@{HOME} halo")["code"] == NO_WAY_THERE

    # --- what is said ---

    def say_something(self, name: str) -> None:
        campus, chance = self[name], self._chance
        text = f"{campus.person} {len(campus.said)}"
        realm = chance.choice(
            [other for other in self.all if HOME in (name, other) and name != other]
        )
        if chance.random() < 0.5:
            self.say_to_group(name, text)
        else:
            self.say_to(name, realm, text)

    def say_to(self, name: str, realm: str, text: str) -> None:
        who = PEOPLE[realm]
        spelling = self._chance.choice((f"/sendprivaterealm {realm} {who}", f"/send {who}@{realm}"))
        self[name].type(f"{spelling} {text}", Line(f"private:{who}@{realm}", text, realm))

    def say_to_group(self, name: str, text: str) -> None:
        command = f"/sendgroup {GROUP}" if name == HOME else f"/sendgrouprealm {HOME} {GROUP}"
        self[name].type(f"{command} {text}", Line(self.group(name), text, HOME))

    def group(self, name: str) -> str:
        """What somebody calls it."""
        return f"group:{GROUP}" if name == HOME else f"group:{GROUP}@{HOME}"

    def send_file(self, name: str, size: int, realm: str | None = None) -> str:
        """To the group, or to who is in a realm. Its name."""
        self._files += 1
        path = self._folder / f"{PEOPLE[name]}-{self._files}.bin"
        path.write_bytes(os.urandom(size))
        if realm is not None:
            command = f"/sendfilerealm {realm} {PEOPLE[realm]}"
            line = Line(f"private:{PEOPLE[realm]}@{realm}", path.name, realm, True)
        elif name == HOME:
            command, line = f"/sendgroupfile {GROUP}", Line(self.group(name), path.name, HOME, True)
        else:
            command = f"/sendgroupfilerealm {HOME} {GROUP}"
            line = Line(self.group(name), path.name, HOME, True)
        self[name].type(f"{command} {path}", line)
        return path.name

    # --- what has come of it ---

    def look(self) -> None:
        """What says that it is delivered is on the disk there."""
        for campus in self.all.values():
            for line, answer in campus.look():
                if answer.get("state") == "delivered":
                    assert self[line.there].has(line.text), f"not delivered: {line}, {answer}"
                else:
                    assert answer.get("state") == ("waiting" if "@" in line.place else None)

    def settle(self) -> None:
        """Until everything is answered and shown wherever it belongs; nothing waits after that."""
        for campus in self.all.values():
            campus.start()
        end = time.monotonic() + PATIENCE
        while not self._is_settled():
            assert time.monotonic() < end, f"it never came: {self._lacking()}"
            self.look()
            time.sleep(0.05)
        for campus in self.all.values():
            while realms := self._troubled(campus):
                assert time.monotonic() < end, f"{campus.name}: {realms}"
                time.sleep(0.1)

    def _troubled(self, campus: Campus) -> list[dict[str, Any]]:
        realms = campus.ask("/realms")["realms"]
        return [one for one in realms if one["state"] != "linked" or one["waiting"]]

    def _is_settled(self) -> bool:
        if any(campus.waits for campus in self.all.values()):
            return False
        return not self._lacking()

    def _lacking(self) -> dict[str, object]:
        found: dict[str, object] = {
            name: f"{campus.waits} lines are not answered"
            for name, campus in self.all.items()
            if campus.waits
        }
        for (name, place), texts in self._expected().items():
            shown = {text for _, text in self[name].shown(place)}
            lacking = [text for author in texts.values() for text in author if text not in shown]
            if lacking:
                found[f"{place} at {name}"] = lacking[:5]
        return found

    def _expected(self) -> dict[tuple[str, str], dict[str, list[str]]]:
        """What belongs where: by who reads and where, what each author said, in order."""
        expected: dict[tuple[str, str], dict[str, list[str]]] = {}
        for name, campus in self.all.items():
            for line in campus.said:
                for reader in self.all:
                    place = self._place(name, line.place, reader)
                    if place is not None:
                        author = self._called(name, reader, is_group=line.place == self.group(name))
                        by_author = expected.setdefault((reader, place), {})
                        by_author.setdefault(author, []).append(line.text)
        return expected

    def _place(self, writer: str, place: str, reader: str) -> str | None:
        """What a reader calls the conversation in which a writer said something; None: not told."""
        if place == self.group(writer):
            return self.group(reader)
        if reader == writer:
            return place
        is_partner = place == f"private:{PEOPLE[reader]}@{reader}"
        return f"private:{PEOPLE[writer]}@{writer}" if is_partner else None

    def _called(self, writer: str, reader: str, *, is_group: bool) -> str:
        if writer == reader:
            return PEOPLE[writer]
        if is_group and HOME not in (writer, reader):
            return f"{PEOPLE[writer]}@{writer}@{HOME}"
        return f"{PEOPLE[writer]}@{writer}"

    def check(self) -> None:
        """Nothing lost, doubled, reordered or refused; a group is the same everywhere."""
        for (name, place), authors in self._expected().items():
            shown = self[name].shown(place)
            files = {
                line.text for campus in self.all.values() for line in campus.said if line.is_file
            }
            assert len(shown) == sum(map(len, authors.values())), f"doubled: {place} at {name}"
            for author, texts in authors.items():
                # a file is said when all of it is there: its place among texts is its own
                said = [text for who, text in shown if who == author and text not in files]
                assert said == [text for text in texts if text not in files], (name, place, author)
                assert {text for who, text in shown if who == author} == set(texts)
        orders = {
            name: [text for _, text in self[name].shown(self.group(name))] for name in self.all
        }
        assert all(order == orders[HOME] for order in orders.values()), "a group differs"
        for campus in self.all.values():
            self._check_events(campus)

    def _check_events(self, campus: Campus) -> None:
        newest: dict[str, int] = {}
        for event in campus.events():
            assert event.get("kind") != "notice", event
            if "number" in event and event["event"] in ("entry", "joined", "left"):
                place, number = event["conversation"], event["number"]
                assert number == newest.get(place, number - 1) + 1, event
                newest[place] = number

    def fetch(self, name: str, place: str, file: str) -> None:
        """Somebody saves a file; it is what was sent."""
        kind, _, whom = place.partition(":")
        prefix = "@" if kind == "private" else "#"
        answer = self[name].ask(f"/get {prefix}{whom}/{file}")
        assert answer["code"] == "OK", answer
        data = Path(answer["path"]).read_bytes()
        assert sha256(data).digest() == sha256((self._folder / file).read_bytes()).digest()

    def fetch_all(self) -> int:
        """Everybody fetches what others sent them. How many."""
        fetched = 0
        for name, campus in self.all.items():
            for line in campus.said:
                for reader in self.all if line.is_file else ():
                    place = self._place(name, line.place, reader)
                    if place is not None and reader != name:
                        self.fetch(reader, place, line.text)
                        fetched += 1
        return fetched


@contextmanager
def a_chain(folder: Path, chance: random.Random) -> Iterator[Chain]:
    worlds = {name: World(folder / name, host) for name, host in PLACES.items()}
    try:
        for world in worlds.values():
            world.folder.mkdir(parents=True)
        chain = Chain(worlds, chance, folder)
        chain.begin()
        yield chain
    finally:
        for world in worlds.values():
            world.close()


def live(chain: Chain, seconds: float, chance: random.Random) -> None:
    """All write, files go, and servers are killed and started again."""
    begin = time.monotonic()
    end, told = begin + seconds, begin
    restarts: dict[str, float] = {}
    next_kill, next_file = begin + 2.0, begin + 1.0
    while (now := time.monotonic()) < end:
        chain.look()
        for name, campus in chain.all.items():
            if campus.waits < MOST_WAITING and chance.random() < 0.3:
                chain.say_something(name)
        if now >= next_file:
            next_file = now + chance.uniform(3.0, 10.0)
            name = chance.choice(list(chain.all))
            neighbours = [other for _, other in LINKS] if name == HOME else [HOME]
            realm = chance.choice([*neighbours, None])
            chain.send_file(name, chance.choice((0, 1_000, 300_000, 3_000_000)), realm)
        if now >= next_kill:
            next_kill = now + chance.uniform(0.5, 8.0)
            victim = chance.choice(list(chain.all))
            chain[victim].kill()
            restarts.setdefault(victim, now + chance.choice((0.0, 0.2, 2.0, 6.0)))
        for name, due in list(restarts.items()):
            if due <= now:
                del restarts[name]
                chain[name].start()
        if now >= told + 30.0:
            told = now
            _tell(f"{now - begin:.0f} s: " + _summary(chain))
        time.sleep(chance.choice((0.005, 0.02, 0.1)))


def _summary(chain: Chain) -> str:
    return "; ".join(
        f"{name} killed {campus.kills} times, said {len(campus.said)}, {dict(campus.states)}"
        for name, campus in chain.all.items()
    )


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    """1 if something was lost, doubled or untrue."""
    seconds = float(sys.argv[1])
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    _tell(f"seed {seed}")
    chance = random.Random(seed)
    folder = Path(tempfile.mkdtemp(prefix="ruang-realms-"))
    with a_chain(folder, chance) as chain:
        live(chain, seconds, chance)
        begin = time.monotonic()
        chain.settle()
        chain.check()
        _tell(f"settled after {time.monotonic() - begin:.1f} s: {_summary(chain)}")
        _tell(f"{chain.fetch_all()} files fetched")
        chain.check()
    shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())

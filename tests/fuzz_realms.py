"""Links to other realms under fuzzing: a realm that calls, one that was called, and their words.

What is inside a seal is made by a realm that holds the keys of its session. An input is a script:
its bytes choose frames that nearly make sense, so that what comes of them reaches far.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from random import Random

from fuzz_peers import frames_seeds
from server_parts import FIRST_UTC, Chance, Room, limits
from session_pair import opened

from conversation import ROOM, ConversationKind, Entry, EntryKind, FileNote
from entering import HeldLog, Step
from protocol import Address, Code, JsonValue, PeerError, Verb, decode_object, encode_object
from protocol_frames import (
    Chunk,
    EntryPart,
    Frame,
    Have,
    Heads,
    Posted,
    Pull,
    RealmsChanged,
    Request,
    Response,
    Want,
    decode_frames,
    split_parts,
)
from protocol_handshake import SessionKeys
from protocol_link import LinkState
from protocol_requests import Fields, Requester
from protocol_session import Session
from realms import RealmRequest, SharedAnswer, SharedLog, SharedRequest, Someone
from records import FileRecord, ForeignPerson, PersonRecord, RealmRecord
from server_peer import Peer
from server_realm_peer import RealmPeer
from storage_files import FOLDER_NAME

ADDRESS: Address = ("10.0.7.7", 8083)
ALIAS = "jahat"
KEY = b"\x07" * 32
BOB, BOB_THERE = 4711, (9).to_bytes(8, "big")
PRIVATE_LOG, OUTGOING_LOG, GROUP_LOG = 3, 5, 7
SECRET_DATA = b"rahasia"
SECRET = FileNote(sha256(SECRET_DATA).digest(), len(SECRET_DATA), "rahasia.pdf")
MARK = "RAHASIA"  # in all that the realm must not read
MEMORY = Path("/dev/shm")
TIGHT = limits(realm_people=60, realm_conversations=40, realm_bytes=1 << 20)
TURN_OF = 8  # inputs
CHECK_EVERY = 500
_NUMBERS = (0, 1, 2, 3, 5, 7, 8, 50, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_NAMES = (
    "bob", "Ana", "Ana@sekolah", "guru", "kelas", "mereka", "a@b@c", "", "@", "x" * 40, "\u202ebob",
    "\uff41na", "bob\u200b", "eve@jahat", "\u0430na", "b" * 32, "\u0000",
)  # fmt: skip
_VERBS = (Verb.SHARED, Verb.CONTACT, Verb.UNDELIVERED, Verb.ENTER, Verb.LOGS, Verb.SEARCH, 99)


class Script:
    """Bytes as choices; after the last one all are zero.

    What is not wild has the right form, so that the link lasts for more than one lie.
    """

    def __init__(self, made: bytes) -> None:
        self._made = made
        self._at = 0
        self._is_wild = self.byte() % 8 == 7

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._made)

    def byte(self) -> int:
        self._at += 1
        return self._made[self._at - 1] if self._at <= len(self._made) else 0

    def some(self, size: int) -> bytes:
        return bytes(self.byte() for _ in range(size))

    def number(self) -> int:
        chosen = self.byte()
        return _NUMBERS[chosen % len(_NUMBERS)] if chosen < 200 else int.from_bytes(self.some(3))

    def log(self) -> int:
        chosen = self.byte() % 13
        return chosen or self.number()

    def name(self) -> str:
        return _NAMES[self.byte() % len(_NAMES)]

    def person(self) -> bytes:
        return (BOB_THERE, BOB_THERE, b"\xff" * 8, bytes(7) + self.some(1))[self.byte() % 4]

    def someone(self) -> JsonValue:
        name = self.name() or ("" if self._is_wild else "bob")
        return [("" if self.byte() % 4 == 0 else self.person().hex()), name]

    def json(self) -> JsonValue:
        values: list[JsonValue] = [None, True, -1, 1.5, "x", [], {}, self.number(), self.someone()]
        return values[self.byte() % len(values)]

    def had(self) -> int:
        """How far a log is said to be there."""
        return self.number() if self._is_wild else self.byte() % 4

    def entry(self) -> Entry:
        kind = EntryKind(1 + self.byte() % 6)
        tag = (bytes(8), b"tag of 8", self.some(8))[self.byte() % 3]
        text = (MARK.lower(), "", " \n", "halo", "undelivered 30 x", "y" * 800)[self.byte() % 6]
        if kind is EntryKind.FILE and self.byte() % 4:
            file = SECRET if self.byte() % 2 else FileNote(sha256(self.some(1)).digest(), 9, "a")
            text = file._replace(size=(file.size, 0, 2 << 30)[self.byte() % 3]).encode()
        person = int.from_bytes(self.person())
        name = "bob" if self.byte() % 2 else self.name()[:80]
        return Entry(tag, kind, self.number(), person, name, text)

    def rows(self) -> list[JsonValue]:
        rows: list[JsonValue] = []
        number = 0
        for _ in range(self.byte() % 5):
            number += 1 + self.byte() % 6
            kind = 1 + self.byte() % 5 if self._is_wild else 2 + self.byte() % 3
            row: list[JsonValue] = [number, kind, self.number(), ""]
            if kind == ConversationKind.PRIVATE:
                row += [self.someone(), self.someone()]
            else:
                row[3] = self.name() or ("" if self._is_wild else "kelas")
            rows.append(row)
        return rows

    def answer(self, verb: int) -> Fields:
        match verb:
            case Verb.SHARED:
                changed: list[JsonValue] = [3, 5, 7]  # where they are not stated, the link ends
                count = self.byte() % 4 if self.byte() % 4 == 0 else 0
                fields: Fields = {"logs": self.rows(), "changed": changed[:count]}
                if self.byte() % 3 == 0:
                    fields["next"] = self.number() if self._is_wild else 1 << 62
                return fields
            case Verb.CONTACT:
                return {"person": self.someone(), "name": self.name()}
            case _:
                return {}

    def fields(self) -> Fields:
        held: list[JsonValue] = [[self.log(), self.number(), self.some(8).hex()]]
        fields: Fields = {
            "conversation": self.log(),
            "number": self.number(),
            "code": self.byte() % 60,
            "kind": self.byte() % 5 if self._is_wild else 2 + self.byte() % 2,
            "name": self.name(),
            "person": self.someone(),
            "after": self.number() if self._is_wild else 0,
            "held": held[: self.byte() % 2],
        }
        if self._is_wild:
            fields[(*fields,)[self.byte() % len(fields)]] = self.json()
        return fields


class LinkedRealm:
    """A server, one whose owner is hostile, and two people who know nothing of it.

    ``calls``: that realm has called; else it was called.
    """

    def __init__(self, folder: Path, *, calls: bool) -> None:
        shelf = folder / FOLDER_NAME
        shelf.mkdir()
        (shelf / SECRET.file.hex()).write_bytes(SECRET_DATA)
        self.room = room = Room(folder, limits=TIGHT)
        self.heard: list[Frame] = []  # since the link stands
        self._calls = calls
        self.ana = room.comes("Ana", "10.0.3.1")
        self.tono = room.comes("Tono", "10.0.3.2")  # who would like to help the realm
        self._count = self.links = 0
        self._asked: list[Request] = []
        self._next_request = 1
        self._next: dict[int, int] = {}  # of their logs, the newest entry that they have told
        self._made_up = Chance("realm")
        self._there: Session
        self._furnish()
        self._looked: dict[int, int] = {}
        self._look()

    def _furnish(self) -> None:
        """What there is between the two realms, and beside it what is nobody else's."""
        store = self.room.store
        assert self.ana.entered is not None
        assert self.tono.entered is not None
        ana, tono = self.ana.entered.person, self.tono.entered.person
        host, port = ("", 0) if self._calls else ADDRESS
        made = RealmRecord(0, KEY, ALIAS, host, port, b"prs", b"room")
        self.realm = store.save_realm(made, ALIAS).realm
        store.save_person(PersonRecord(BOB, f"bob@{ALIAS}", is_present=False))
        store.save_foreign_person(ForeignPerson(BOB, self.realm, BOB_THERE, "bob"), "bob")
        self.private = store.add_private(ana, BOB)
        self.group = store.add_group("kelas", "kelas", "kelas")
        secret = store.add_group("rahasia", "rahasia", "rahasia")
        shown = f"mereka@{ALIAS}"
        self.mirror = store.add_mirror(self.realm, "mereka", shown, shown, shown)
        for person in (ana, tono, BOB):
            store.add_member(self.group, person)
        store.add_member(secret, ana)
        store.add_member(self.mirror.conversation, tono)
        store.add_file(FileRecord(SECRET.file, SECRET.size, ana, FIRST_UTC))
        for log in (self.private, self.group, secret, self.mirror.outgoing):
            said = f"{MARK} {SECRET.name}" if log == secret else "halo"
            for _ in range(3):
                self._append(log, ana, "Ana", said)
        store.append(
            secret, Entry(bytes(8), EntryKind.FILE, FIRST_UTC, ana, "Ana", SECRET.encode())
        )
        store.commit()
        self.room.core._abroad.links.known.load()  # noqa: SLF001
        self.secret = secret

    def _append(self, log: int, person: int, name: str, text: str) -> None:
        entry = Entry(b"tag of 8", EntryKind.TEXT, FIRST_UTC, person, name, text)
        self.room.store.append(log, entry)

    # --- the link ---

    def link(self) -> None:
        """One that stands, made by hand: what is before that is fuzzed elsewhere."""
        self.links += 1
        self._asked.clear()
        self.heard.clear()
        self._next.clear()
        self._next_request = 1
        core, now = self.room.core, self.room.now
        here, there = 1_000_000 + self.links, 2_000_000 + self.links
        keys = SessionKeys(here, there, b"u" * 32, b"d" * 32, b"h" * 32, KEY)
        mirrored = SessionKeys(there, here, b"d" * 32, b"u" * 32, b"h" * 32, KEY)
        calls = self._calls
        session = Session(
            keys, is_server=calls, address=ADDRESS, random_bytes=self._made_up, now=now
        )
        self._there = Session(
            mirrored, is_server=not calls, address=ADDRESS, random_bytes=self._made_up, now=now
        )
        links = core._abroad.links  # noqa: SLF001
        if calls:
            peer = Peer(session, KEY)
            peer.is_half_open, peer.entering.step, peer.realm = False, Step.ENTERED, self.realm
            core._sessions._peers[peer.key] = peer  # noqa: SLF001
            core._sessions.welcome(peer)  # noqa: SLF001
            links._stand(  # noqa: SLF001
                RealmPeer(self.realm, ALIAS, peer, Requester(), is_called=True), now
            )
        else:
            record = links.known.get(self.realm)
            assert record is not None
            call = links._make_call(links._calls, ADDRESS, record)  # noqa: SLF001
            links._lines[self.realm] = call  # noqa: SLF001
            call._link.session = session  # noqa: SLF001
            call._link.state = LinkState.OPEN  # noqa: SLF001
            call._link._address = ADDRESS  # noqa: SLF001
            call._stand(now)  # noqa: SLF001
        self.turn()  # it asks
        if self.links % 8:
            self._share()

    def _share(self) -> None:
        """What an honest realm would answer: three logs that exist."""
        ours, yours = Someone(BOB_THERE, "bob"), Someone(b"", "Ana")
        private = SharedLog(PRIVATE_LOG, ConversationKind.PRIVATE, 1, ours=ours, yours=yours)
        outgoing = SharedLog(OUTGOING_LOG, ConversationKind.OUTGOING, 1, "kelas")
        group = SharedLog(GROUP_LOG, ConversationKind.GROUP, 1, "mereka")
        answer = SharedAnswer((private, outgoing, group)).encode()
        for asked in list(self._asked):
            self._answer(asked, Code.OK, answer)
        self._flush()

    def _answer(self, asked: Request, code: int, fields: Fields) -> None:
        if asked in self._asked:
            self._asked.remove(asked)
        for part, body in enumerate(parts := split_parts(encode_object(fields), 900)):
            frame = Response(asked.request, part, len(parts), code, body)
            self._there.queue(frame.encode())

    def _flush(self) -> None:
        for burst in self._there.take_bursts(self.room.now):
            for datagram in burst.datagrams:
                self.room.core.receive_datagram(datagram, ADDRESS, self.room.now)

    @property
    def stands(self) -> bool:
        return self.room.core._abroad.links.standing(self.realm) is not None  # noqa: SLF001

    def turn(self, seconds: float = 0.05) -> None:
        """Time passes; nothing that comes may bear what is not the realm's to read."""
        self.room.now += seconds
        self.room.end_turn()
        for _, datagram in self.room.take_strays():
            for frame in opened(self._there, datagram, ADDRESS, self.room.now) or []:
                self._hear(frame)
        self.room.events.clear()
        self.told = self.ana.take(RealmsChanged)
        for guest in (self.ana, self.tono):
            guest.frames.clear()
            guest.received.clear()

    def _hear(self, frame: Frame) -> None:
        self.heard.append(frame)
        del self.heard[:-500]
        assert not (isinstance(frame, Chunk) and frame.file == SECRET.file)
        if isinstance(frame, Request):
            self._asked.append(frame)
            del self._asked[:-20]
        said = getattr(frame, "body", b"") + getattr(frame, "fields", b"")
        assert MARK.encode() not in said, "it reads what is not for it"
        if isinstance(frame, EntryPart):
            readable = {self.private, self.group, self.mirror.outgoing}
            assert frame.conversation in readable or self._is_its_own(frame.conversation)

    def _is_its_own(self, conversation: int) -> bool:
        """One that began because the realm said so, with somebody of its own."""
        return self.realm in self.room.store.realms_of(conversation)

    # --- what a test lets it say ---

    def send(self, *frames: Frame) -> None:
        """Each in a datagram of its own; then the server's turn ends."""
        for frame in frames:
            self._there.queue(frame.encode())
            self._flush()
        self.turn()

    def ask(self, verb: Verb, fields: Fields) -> tuple[int, Fields]:
        """What it is answered."""
        asked, self._next_request = self._next_request, self._next_request + 1
        self.send(Request(asked, verb, encode_object(fields)))
        (answer,) = (f for f in self.heard if isinstance(f, Response) and f.request == asked)
        return answer.code, decode_object(answer.fields)

    def ask_quickly(self, verb: Verb, fields: Fields) -> None:
        """Within the very same turn."""
        self._there.queue(Request(self._next_request, verb, encode_object(fields)).encode())
        self._next_request += 1
        self._flush()

    def answer(self, verb: Verb, code: Code, fields: Fields) -> None:
        """To the newest question of this kind."""
        asked = next(one for one in reversed(self._asked) if one.verb == verb)
        self._answer(asked, code, fields)
        self._flush()
        self.turn()

    def is_asked(self, verb: Verb) -> bool:
        """Whether such a question waits for an answer."""
        return any(one.verb == verb for one in self._asked)

    def answered(self) -> int:
        """How many of its requests."""
        return len({frame.request for frame in self.heard if isinstance(frame, Response)})

    def says(self, theirs: int, *entries: Entry) -> None:
        """The next entries of a log of theirs."""
        have = self._have(theirs)
        self.send(
            *(
                EntryPart(theirs, number, 0, 1, entry.encode())
                for number, entry in enumerate(entries, have + 1)
            )
        )

    def entries(self, log: int) -> list[Entry]:
        """A log of the server, as it is on disk."""
        return [Entry.decode(s.body) for s in self.room.store.read(log, 1, 1 << 40, 1 << 24)]

    # --- inputs ---

    def run(self, made: bytes) -> None:
        self._count += 1
        if not self.stands:
            self.link()
        script = Script(made)
        if script.byte() % 32 == 31:
            self._there.queue_plaintexts([made[2:1200]])
        else:
            self._play(script)
        self._flush()
        if self._count % TURN_OF == 0:
            self.turn()
        if self._count % CHECK_EVERY == 0:
            self.check()

    def _play(self, script: Script) -> None:
        for _ in range(3):
            frames = self._frames(script)
            for frame in frames:
                with suppress(PeerError):
                    decode_frames(frame)  # what is no frame at all is fuzzed elsewhere
                    self._there.queue(frame)
            if script.is_over:
                return

    def _frames(self, script: Script) -> list[bytes]:
        number, log = script.number, script.log
        match script.byte() % 12:
            case 0:
                return [
                    Heads(tuple((log(), number()) for _ in range(1 + script.byte() % 3))).encode()
                ]
            case 1:
                first = max(1, number())
                return [Pull(log(), first, script.byte() % 3, max(first, number())).encode()]
            case 2:
                most = 1 + script.byte() % 70
                return [Have(tuple((log(), script.had()) for _ in range(most))).encode()]
            case 3:
                file = (SECRET.file, sha256(script.some(1)).digest())[script.byte() % 2]
                ranges = ((0, 1 + script.byte() % 5),) if script.byte() % 4 else ()
                return [Want(file, 1 + number() % 1_000_000, ranges, script.byte()).encode()]
            case 4:
                file = (SECRET.file, sha256(b"\0").digest())[script.byte() % 2]
                return [Chunk(file, script.byte(), bytes(script.byte() % 9)).encode()]
            case 5 | 6:
                if self._asked:
                    asked = self._asked[script.byte() % len(self._asked)]
                    code = (Code.OK, Code.OK, Code.OK, script.byte() % 60)[script.byte() % 4]
                    self._answer(asked, code, script.answer(asked.verb))
                return []
            case 7 | 8:
                verb = _VERBS[script.byte() % len(_VERBS)]
                body = encode_object(script.fields())
                self._next_request += 1
                return [Request(self._next_request - 1, verb, body).encode()]
            case _:
                return self._entries(script)

    def _entries(self, script: Script) -> list[bytes]:
        theirs = (PRIVATE_LOG, OUTGOING_LOG, GROUP_LOG, GROUP_LOG, script.log())[script.byte() % 5]
        if script.byte() % 8:
            number = self._next[theirs] = self._next.get(theirs, self._have(theirs)) + 1
        else:
            number = max(1, script.number())
        parts = split_parts(script.entry().encode(), 700)
        return [
            EntryPart(theirs, number, part, len(parts), body).encode()
            for part, body in enumerate(parts)
        ]

    def _have(self, theirs: int) -> int:
        followed = self.room.store.followed(self.realm, theirs)
        return followed.have if followed is not None else 0

    # --- what must hold ---

    def check(self) -> None:
        """The people here are served; nothing was read, given away or said in another's name."""
        room, store = self.room, self.room.store
        room.pass_time(2.0)
        room.take_strays()
        self.turn()
        self.ana.say(f"masih di sini {self._count}")
        assert self.ana.take(Posted), "people are not served any more"
        assert self.tono.entered is not None
        for guest in (self.ana, self.tono):
            assert guest.entered is not None
        assert not store.may_realm_read_file(SECRET.file, self.realm)
        assert not store.may_read_file(SECRET.file, self.tono.entered.person)
        assert store.realms_of(self.secret) == []
        assert store.count_foreign_people(self.realm) <= TIGHT.realm_people
        assert store.count_followed(self.realm) <= TIGHT.realm_conversations
        self._look()

    def _look(self) -> None:
        """All entries since the last look."""
        store, wall_clock = self.room.store, self.room.wall_clock()
        logs = [self.private, self.group, self.secret, *self._mirrored(), *self._others()]
        for log in logs:
            first = self._looked.get(log, 0) + 1
            for stored in store.read(log, first, 1 << 40, 1 << 24):
                self._looked[log] = stored.number
                entry = Entry.decode(stored.body)
                foreign = store.foreign_person(entry.person)
                assert entry.sent_at <= wall_clock
                assert (foreign is not None) == entry.name.endswith(f"@{ALIAS}")
                if foreign is None:
                    assert entry.name in ("Ana", "Tono")
                    assert (
                        entry.kind is EntryKind.NOTICE
                        or entry.text in ("halo", "")
                        or (log == self.secret)
                    )

    def _mirrored(self) -> list[int]:
        return [self.mirror.conversation, self.mirror.outgoing]

    def _others(self) -> Sequence[int]:
        known = {ROOM, self.private, self.group, self.secret, *self._mirrored()}
        shared: list[int] = self.room.store.shared_logs(self.realm)
        return [log for log in shared if log not in known]


@contextmanager
def _linked(*, calls: bool) -> Iterator[LinkedRealm]:
    memory = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="ruang-", dir=memory) as folder:
        target = LinkedRealm(Path(folder), calls=calls)
        with target.room:
            yield target


@contextmanager
def calling_realm(_: Path) -> Iterator[LinkedRealm]:
    with _linked(calls=True) as target:
        yield target


@contextmanager
def called_realm(_: Path) -> Iterator[LinkedRealm]:
    with _linked(calls=False) as target:
        yield target


def script_seeds() -> list[bytes]:
    """Scripts at random, and some frames as they are."""
    chance = Random("scripts")
    scripts = [chance.randbytes(60) for _ in range(120)]
    return [*scripts, *(b"\0\x1f" + frame for frame in frames_seeds()[::9])]


# --- what realms say, by itself ---


def read_realm_words(made: bytes) -> None:
    """Each is understood, and then says the same again, or it is refused."""
    try:
        fields = decode_object(made)
    except PeerError:
        fields = Script(made).fields() | Script(made[1:]).answer(Verb.SHARED)
    with suppress(PeerError):
        request = RealmRequest.decode(fields)
        assert RealmRequest.decode(request.encode()) == request
    with suppress(PeerError):
        asked = SharedRequest.decode(fields)
        assert SharedRequest.decode(asked.encode()) == asked
    with suppress(PeerError):
        wish = SharedRequest(0, tuple(HeldLog(log, 1, bytes(8)) for log in (3, 5, 7)))
        answer = SharedAnswer.decode(fields, wish)
        assert SharedAnswer.decode(answer.encode(), wish) == answer
    with suppress(PeerError):
        someone = Someone.decode(fields.get("person"))
        assert Someone.decode(someone.encode()) == someone


def realm_word_seeds() -> list[bytes]:
    ours, yours = Someone(BOB_THERE, "bob"), Someone(b"", "Ana")
    logs = (
        SharedLog(3, ConversationKind.PRIVATE, 1, ours=ours, yours=yours),
        SharedLog(5, ConversationKind.OUTGOING, 1, "kelas"),
    )
    request = SharedRequest(2, (HeldLog(3, 4, bytes(8)), HeldLog(5, 6, bytes(8))))
    contact: Fields = {"kind": 3, "name": "Ana", "person": ours.encode()}
    undelivered: Fields = {"conversation": 3, "number": 4, "code": 30}
    return [
        encode_object(RealmRequest(KEY, bytes(32), "Lab").encode()),
        encode_object(request.encode()),
        encode_object(SharedAnswer(logs, (3,), 9).encode()),
        encode_object(contact),
        encode_object(undelivered),
        *script_seeds()[:40],
    ]

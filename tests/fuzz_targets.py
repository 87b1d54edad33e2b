"""Every parser that meets bytes from outside, and what it promises for any of them.

``run`` of each target raises nothing if the promise holds: the bytes are understood, and then they
say the same again, or they are refused in the one way that is meant for it.
"""

import contextlib
import io
import ipaddress
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fuzz_peers import (
    SealedToClient,
    WireToClient,
    frames_seeds,
    resume_in_a_client,
    sealed_to_server,
    wire_seeds,
    wire_to_server,
)
from fuzz_realms import (
    called_realm,
    calling_realm,
    read_realm_words,
    realm_word_seeds,
    script_seeds,
)
from fuzzing import Run, Target
from note_parts import Folder

from auth import NameInvalid, fold_name, normalise_name, skeleton
from client_commands import Post, Send, interpret
from client_events import Command, Entered, PeopleReplaced, Say
from client_json import JsonTalk
from client_model import ClientModel
from client_people import PeopleCopy
from conversation import MAX_NAME, NO_TAG, Entry, EntryKind, Person, Presence
from endpoint import bind
from entering import EnterAnswer, EnterRequest, HeldLog, OfferedLog
from protocol import (
    MAX_ROOM_NAME,
    MAX_TEXT,
    Code,
    Init,
    JsonValue,
    PeerError,
    Reset,
    Resp,
    RespPayload,
    Retry,
    datagram_type,
    decode_data_header,
    decode_object,
    encode_object,
)
from protocol_frames import decode_frames
from protocol_packing import pack_frames
from server_console import Console
from settings import (
    DEFAULT_PORT,
    SAVED_FILE,
    ClientOptions,
    Mode,
    load_saved,
    parse_client,
    parse_key,
    parse_place,
    parse_server,
)
from settings_client import ClientFolder, WaitingDraft
from settings_client import Run as SavedRun
from storage import Storage
from storage_archive_rows import ArchiveRow, read_archive, render, row_fields
from texts import Texts

NOW_UTC = 1_800_000_000_000
SAY = Texts("en")
SERVER_KEY = bytes(32)


def needing_nothing(run: Run) -> Callable[[Path], contextlib.AbstractContextManager[Run]]:
    """For a target that is a function."""
    return lambda _: contextlib.nullcontext(run)


def in_folder(
    run: Callable[[Path, bytes], None],
) -> Callable[[Path], contextlib.AbstractContextManager[Run]]:
    """For a target that reads a file."""
    return lambda folder: contextlib.nullcontext(lambda made: run(folder, made))


# --- the wire ---


def read_datagram(made: bytes) -> None:
    for decode in (Init.decode, Retry.decode, Resp.decode, Reset.decode, RespPayload.decode):
        with contextlib.suppress(PeerError):
            assert decode(made).encode() == made
    for look in (datagram_type, decode_data_header):
        with contextlib.suppress(PeerError):
            look(made)


def datagram_seeds() -> list[bytes]:
    return [
        Init(7, bytes(32), bytes(24)).encode(),
        Retry(7, bytes(24)).encode(),
        Resp(7, bytes(200)).encode(),
        Reset(7, bytes(16)).encode(),
        RespPayload(7, bytes(16), bytes(16), 1, "Kelas 7B").encode(),
        b"Rg\x01\x10" + bytes(60),
    ]


def read_frames(made: bytes) -> None:
    try:
        frames = decode_frames(made)
    except PeerError:
        return
    encoded = [frame.encode() for frame in frames]
    again = [frame for plaintext in pack_frames(encoded) for frame in decode_frames(plaintext)]
    assert again == frames


def read_object(made: bytes) -> None:
    try:
        fields = decode_object(made)
    except PeerError:
        return
    assert decode_object(encode_object(fields)) == fields
    with contextlib.suppress(PeerError):
        request = EnterRequest.decode(fields)
        assert EnterRequest.decode(request.encode()) == request
    with contextlib.suppress(PeerError):
        answer = EnterAnswer.decode(fields)
        assert EnterAnswer.decode(answer.encode()) == answer
    for code in (Code.OK, Code.SNAPSHOT):
        people = PeopleCopy()
        with contextlib.suppress(PeerError):
            people.receive_answer(code, fields)
            encode_object(people.question())


def object_seeds() -> list[bytes]:
    held, offered = HeldLog(1, 5, bytes(8)), OfferedLog(1, 5, 2, bytes(8))
    row: list[JsonValue] = [f"{7:016x}", "Ana", int(Presence.HERE), False, 12]
    return [
        encode_object(EnterRequest(bytes(16), bytes(16), "Ana", bytes(32), (held,)).encode()),
        encode_object(EnterAnswer(7, "Ana", bytes(32), True, 9, (offered,), (1,)).encode()),
        encode_object({"epoch": "0" * 16, "version": 3, "people": [row], "next": "1" * 16}),
        b'{"conversation":1,"number":12}',
        b'{"a":[{"b":[1e5,-0.0,"\\ud83d\\ude00",null,true]}]}',
    ]


OBJECT_WORDS = (
    b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"true", b"1e999", b"NaN", b"-Infinity",
    b"\\ud800", b"\\u0000", b'"once"', b'"stream"', b'"name"', b'"token"', b'"logs"', b'"epoch"',
    b'"next"', b'"people"', b'"version"', b"9" * 400, b"18446744073709551616", b"-1", b"[[[[[",
)  # fmt: skip


def read_entry(made: bytes) -> None:
    with contextlib.suppress(PeerError):
        assert Entry.decode(made).encode() == made
    with contextlib.suppress(PeerError):
        epoch, person = Person.decode(made)
        assert Person.decode(person.encode(epoch)) == (epoch, person)


def entry_seeds() -> list[bytes]:
    kinds = [Entry(b"tagtagta", kind, NOW_UTC, 7, "Siti", "halo \U0001f600") for kind in EntryKind]
    return [*(entry.encode() for entry in kinds), Person(9, "Budi", Presence.AWAY).encode(5)]


# --- names and typed lines ---


def read_name(made: bytes) -> None:
    text = _text_of(made)
    skeleton(text)
    fold_name(text)
    try:
        name = normalise_name(text)
    except NameInvalid:
        return
    assert normalise_name(name) == name
    assert 0 < len(name) <= MAX_NAME
    entry = Entry(NO_TAG, EntryKind.JOINED, NOW_UTC, 7, name)
    assert Entry.decode(entry.encode()) == entry


def _text_of(made: bytes) -> str:
    """Any characters, lone surrogates included, as JSON may hold them."""
    try:
        return made.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return made.decode("latin-1")


def name_seeds() -> list[bytes]:
    names = (
        "Ana",
        "Budi 2",
        "Siti Nurhaliza",
        "\u0930\u093e\u091c",
        "\u0e19\u0e49\u0e33",
        "a\u0301",
    )
    return [name.encode() for name in names]


NAME_WORDS = tuple(
    word.encode("utf-8", "surrogatepass")
    for word in ("\u200d", "\u202e", "\u0301", "\ufe0f", "\U0001f600", "\ud800", "\u00a0", " ",
                 "\ufb01", "\u3164", "\u0345", "\u1e9e", "\u0130")
)  # fmt: skip


def read_typed(made: bytes) -> None:
    line = made.decode("utf-8", "surrogateescape")
    outcome = interpret(line, ClientModel(), SAY)
    if isinstance(outcome, Post | Send):
        assert 0 < len(outcome.text.encode()) <= MAX_TEXT
    Console(SAY).interpret(line)
    options = ClientOptions(Mode.JSON, ("lab", DEFAULT_PORT), "ana", "rahasia")
    written: list[str] = []
    commands: list[Command] = []
    talk = JsonTalk(
        options,
        SAY,
        written.append,
        join=lambda form: None,
        submit=commands.append,
        paths=Folder(),
    )
    talk.begin()
    talk.take_event(Entered(7, "Ana", "Kelas 7B", SERVER_KEY, has_returned=False))
    talk.take_event(PeopleReplaced(()))
    for part in made.split(b"\n"):
        talk.take_line(part)
    for command in commands:
        if isinstance(command, Say):
            assert 0 < len(command.text.encode()) <= MAX_TEXT
    talk.end_input()
    assert all(isinstance(json.loads(answer), dict) for answer in written)


TYPED_WORDS = (
    b"/say ", b"/help ", b"/info", b"/kick ", b"/ban ", b"/mute ", b"/unban ", b"exit", b"//",
    b"/send ", b"/sendgroup ", b"/login ", b"/register ", b"/passwd ", b"/name ", b"/inbox",
    b"/sendfile ", b"/sendgroupfile ", b"/sendroomfile ", b"/files ", b"/get ", b"room/", b"#",
    b"/search ", b"/addgroup ", b"/joingroup ", b"/members ", b'"', b"\\", b"\n/",
    b'"\\u0000"', b'"\\ud800"', b" 99999999999999999999", b"\xff", b"\xed\xa0\x80",
)  # fmt: skip


# --- files ---


def read_archive_file(folder: Path, made: bytes) -> None:
    path = folder / "archive.csv"
    path.write_bytes(made)
    rows = list(read_archive(path, NOW_UTC))
    for row in rows:
        entry = Entry(NO_TAG, row.kind, row.sent_at, 7, row.name, row.text)
        assert Entry.decode(entry.encode()) == entry
    if len(made) % 16 == 7:  # a whole start on it, which is slower
        room = folder / f"room {len(list(folder.iterdir()))}"
        room.mkdir()
        path.rename(room / "archive.csv")
        store = Storage.open(room, random_bytes=bytes, now_utc_ms=NOW_UTC)
        assert store.head(1).number == len(rows)
        store.close()


def archive_seeds() -> list[bytes]:
    texts = ("halo", "=1+1", 'dia "tadi"\nbaris dua', "")
    rows = [
        ArchiveRow(place, "room", place, Entry(NO_TAG, EntryKind.TEXT, NOW_UTC, 7, "Ana", text))
        for place, text in enumerate(texts, start=1)
    ]
    header = b"time,conversation,number,kind,name,text\r\n"
    return [
        header + render([row_fields(row) for row in rows]),
        b'Room,User,Message\nlab,ana,halo\nlab,budi,"a,b"\n',
        b"\xef\xbb\xbfRoom,Username,Message\r\nlab,ana,halo\r\n",
        header,
    ]


ARCHIVE_WORDS = (
    b'"', b'""', b",", b"\r\n", b"\n", b"\0", b"'", b"=", b"room", b"text", b"file", b"joined",
    b"2027-01-15T08:00:00.000Z", b"9999-12-31T23:59:59.999Z", b"0001-01-01T00:00:00+23:59",
    b"\xff", b"\xef\xbb\xbf", b"x" * 200,
)  # fmt: skip


def read_server_settings(folder: Path, made: bytes) -> None:
    (folder / SAVED_FILE).write_bytes(made)
    saved = load_saved(folder)
    payload = RespPayload(7, bytes(16), bytes(16), 1, saved.room_name)
    assert RespPayload.decode(payload.encode()) == payload
    assert len(saved.room_name.encode()) <= MAX_ROOM_NAME
    assert 0 < saved.port < 65_536
    json.dumps([saved.password, saved.language, saved.theme]).encode()
    if not _is_ip(saved.bind):  # what is one would be bound
        with contextlib.suppress(OSError):
            bind(saved.bind, 0).close()


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.replace(".", "").replace("x", "").isalnum() and text[:1].isdigit()
    return True


def server_settings_seeds() -> list[bytes]:
    saved = {
        "room_name": "Lab", "bind": "tidak ada", "port": 8083, "password": "p", "is_open": False,
        "language": "id", "theme": "dark",
    }  # fmt: skip
    return [
        json.dumps(saved).encode(),
        b"{}",
        json.dumps({**saved, "bind": "x" * 70}).encode(),
        json.dumps({**saved, "room_name": "\ud800"}).encode(),
        json.dumps({**saved, "room_name": "x" * 70}).encode(),
    ]


JSON_WORDS = (
    b"\\ud800", b"\\u0000", b"null", b"true", b"1e999", b"NaN", b"-1", b"65536", b"[", b"{", b'""',
    b"9" * 30, b'"' + b"x" * 80 + b'"', b'"name"', b'"port"', b'"room_name"', b'"bind"',
)  # fmt: skip

_CLIENT_FILES = ("preferences.json", "rooms.json", "keys.json", "run")


def read_client_files(folder: Path, made: bytes) -> None:
    """The first byte says which file it is."""
    name = _CLIENT_FILES[made[0] % 4 if made else 0]
    runs = folder / "runs"
    runs.mkdir(exist_ok=True)
    run_file = runs / f"{SERVER_KEY.hex()[:32]}-0.json"
    run_file.unlink(missing_ok=True)
    (run_file if name == "run" else folder / name).write_bytes(made[1:])
    client = ClientFolder(folder)
    assert len(client.preferences().last_name.encode("utf-8", "surrogatepass")) >= 0
    for room in client.recent_rooms():
        client.remember_room(room)
    client.pinned_key(("lab", DEFAULT_PORT))
    client.pin_key(("lab", DEFAULT_PORT), SERVER_KEY)
    client.save_preferences(client.preferences())
    run = client.claim_run(SERVER_KEY, "Ana")
    if run is not None:
        resume_in_a_client(run)
        client.save_run(SERVER_KEY, run)
        client.save_run(SERVER_KEY, None)


def client_file_seeds() -> list[bytes]:
    run = SavedRun(bytes(16), bytes(32), 7, "Ana", 3, (WaitingDraft(2, 1, "halo"),))
    fields = {
        "stream": run.stream.hex(), "token": run.token.hex(), "person": run.person,
        "name": run.name, "next_draft": run.next_draft, "waiting": [[2, 1, "halo"]],
    }  # fmt: skip
    waitings: list[list[list[object]]] = [
        [[-1, 1, "x"]], [[2, -1, "x"]], [[2, 1 << 64, "x"]], [[2, 1, "\ud800"]], [[2, 1, ""]],
        [[2, 1, "x"], [2, 1, "y"]], [[2, 1, "x"], [1, 1, "y"]], [[1 << 70, 1, "x"]],
    ]  # fmt: skip
    damaged: list[dict[str, object]] = [
        {"stream": "00"}, {"token": "00" * 31}, {"person": -1}, {"name": "\ud800"},
        {"next_draft": -1}, {"next_draft": 1 << 64}, {"next_draft": 1},
    ]  # fmt: skip
    damaged += [{"waiting": waiting} for waiting in waitings]
    room = {"host": "lab", "port": 8083, "room_name": "Lab", "name": "Ana", "used_at": 5}
    preferences = {"language": "id", "theme": "dark", "font_size": 12, "last_name": "Ana"}
    return [
        b"\0" + json.dumps(preferences).encode(),
        b"\x01" + json.dumps({"rooms": [room, room]}).encode(),
        b"\x02" + json.dumps({"lab|8083": "00" * 32}).encode(),
        b"\x03" + json.dumps(fields).encode(),
        *(b"\x03" + json.dumps({**fields, **change}).encode() for change in damaged),
    ]


# --- command lines ---


def read_command_line(made: bytes) -> None:
    """Arguments between zeros, as a shell would hand them over; then variables."""
    if b"/" in made:  # a password file may be anything, also one that never ends
        return
    words = made.decode("utf-8", "surrogateescape").split("\0")
    argv = [word for word in words if not word.startswith("RUANG_")]
    environment = dict(
        word.split("=", 1) for word in words if word.startswith("RUANG_") and "=" in word
    )
    folder = Path("/nonexistent")
    for parse in (
        lambda: parse_server(argv, environment, folder),
        lambda: parse_client(argv, environment),
    ):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code: object = 0
            try:
                parse()
            except SystemExit as end:
                code = end.code
            assert code in (0, 2)
    for word in words:
        for understand in (parse_place, parse_key):
            reason = "cli.error."
            try:
                understand(word)
            except ValueError as error:
                reason = str(error)
            assert reason.startswith("cli.error.")


def command_line_seeds() -> list[bytes]:
    return [
        b"--headless\0--bind\x00127.0.0.1\0--port\x008083\0--name\0Lab\0--log-level\0debug",
        b"--data\0tidak-ada\0--no-password\0--lang\0id\0--realms\0off",
        b"--json\0lab:8083\0--name\0Ana\0--local\x00127.0.0.5:7\0RUANG_PASSWORD=p",
        b"--terminal\0[::1]:9\0--trust-key\x007F3A-91C2-08DE-55B1",
        b"--help",
        b"RUANG_PORT=99999\0RUANG_LANG=id\0RUANG_HOST=lab",
    ]


COMMAND_LINE_WORDS = (
    b"\0", b"--", b"=", b"--name", b"--port", b"--help", b"--version", b"--lang", b"--local",
    b"\xff", b"\xed\xa0\x80", b"[::1]", b"]:", b":", b"%", b"%s", b"{", b"{value}", b"99999",
    b"\xd9\xa1", b"RUANG_PORT=", b"RUANG_ROOM=", b"RUANG_NAME=", b"RUANG_LOG_LEVEL=",
)  # fmt: skip


# --- cores ---


@contextmanager
def open_sealed_to_server(folder: Path) -> Iterator[Run]:
    with sealed_to_server(folder) as target:
        yield target.run


@contextmanager
def open_wire_to_server(folder: Path) -> Iterator[Run]:
    with wire_to_server(folder) as target:
        yield target.run


@contextmanager
def open_calling_realm(folder: Path) -> Iterator[Run]:
    with calling_realm(folder) as target:
        yield target.run


@contextmanager
def open_called_realm(folder: Path) -> Iterator[Run]:
    with called_realm(folder) as target:
        yield target.run


def sealed_seeds() -> list[bytes]:
    return [bytes([depth]) + frame for frame in frames_seeds() for depth in (0, 1, 2)]


TARGETS = (
    Target("datagrams", needing_nothing(read_datagram), datagram_seeds, (b"Rg\x01",)),
    Target("frames", needing_nothing(read_frames), frames_seeds),
    Target("objects", needing_nothing(read_object), object_seeds, OBJECT_WORDS),
    Target("entries", needing_nothing(read_entry), entry_seeds),
    Target("names", needing_nothing(read_name), name_seeds, NAME_WORDS),
    Target("typed_lines", needing_nothing(read_typed), lambda: list(TYPED_WORDS), TYPED_WORDS),
    Target("archive", in_folder(read_archive_file), archive_seeds, ARCHIVE_WORDS),
    Target("server_settings", in_folder(read_server_settings), server_settings_seeds, JSON_WORDS),
    Target("client_files", in_folder(read_client_files), client_file_seeds, JSON_WORDS),
    Target(
        "command_lines",
        needing_nothing(read_command_line),
        command_line_seeds,
        COMMAND_LINE_WORDS,
    ),
    Target("wire_to_server", open_wire_to_server, wire_seeds, (b"\xa1" * 8, b"Rg\x01\x10")),
    Target(
        "wire_to_client",
        lambda _: contextlib.nullcontext(WireToClient().run),
        wire_seeds,
        (b"\xa1" * 8, b"Rg\x01\x11"),
    ),
    Target("sealed_to_server", open_sealed_to_server, sealed_seeds),
    Target(
        "sealed_to_client",
        lambda _: contextlib.nullcontext(SealedToClient().run),
        sealed_seeds,
    ),
    Target("realm_words", needing_nothing(read_realm_words), realm_word_seeds, OBJECT_WORDS),
    Target("calling_realm", open_calling_realm, script_seeds),
    Target("called_realm", open_called_realm, script_seeds),
)
BEFORE_THE_SEAL = ("datagrams", "wire_to_server", "wire_to_client")
OF_REALMS = ("realm_words", "calling_realm", "called_realm")

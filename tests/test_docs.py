"""docs/protocol.md is true: its tables, its examples, and that a client can be written from it."""

import hashlib
import hmac
import importlib
import re
from collections.abc import Iterator
from dataclasses import fields
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import pytest
from foreign_client import (
    Challenge,
    account_secrets,
    agree,
    auth_message,
    derive_prs,
    draft_tag,
    frames,
    generator,
    next_chain,
    prologue,
    read_resp,
    scram_proof,
    scram_signature,
    seal,
)

import auth
import auth_cpace
import auth_scram
import conversation
import protocol
import protocol_frames
from belonging import LogsAnswer, LogsRequest
from conversation import ConversationKind, EntryKind, Presence
from crypto import x25519, x25519_public
from entering import EnterAnswer, EnterRequest
from protocol import CloseCode, Code, DatagramType, Verb, decode_object, encode_data_header
from protocol_frames import FrameType
from protocol_handshake import answer_init
from protocol_packing import pad
from realms import prove_key
from server_realm_copying import strange_tag
from settings import Limits

PAGE = (Path(__file__).parent.parent / "docs" / "protocol.md").read_text(encoding="utf-8")
ENUMS: dict[str, type[Enum]] = {
    kind.__name__: kind
    for kind in (
        DatagramType,
        FrameType,
        Verb,
        Code,
        CloseCode,
        EntryKind,
        ConversationKind,
        Presence,
        auth.NameReason,
    )
}


# --- reading the page ---


class Table(NamedTuple):
    """A table with the heading it stands under."""

    heading: str
    columns: list[str]
    rows: list[list[str]]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _tables() -> Iterator[Table]:
    heading = ""
    table: Table | None = None
    for line in [*PAGE.splitlines(), ""]:
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            if table is not None:
                yield table
            table = None
        elif table is None:
            table = Table(heading, _cells(line), [])
        elif not set(line) <= set("|- "):
            table.rows.append(_cells(line))


def _examples() -> Iterator[tuple[str, bytes]]:
    for block in re.findall(r"^```example\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE):
        for name, digits in re.findall(r"^(\w+) +((?:[0-9a-f]+\s+)+)", block, re.MULTILINE):
            yield name, bytes.fromhex(digits)


TABLES = list(_tables())
LAYOUTS = {table.heading: table.rows for table in TABLES if table.columns[:2] == ["at", "size"]}
CONSTANTS = [row for table in TABLES if table.columns[-1] == "in the source" for row in table.rows]
EXAMPLES = dict(_examples())
CLIENT_ID = 0x0102030405060708
SERVER_ID = 0xA1A2A3A4A5A6A7A8
SENT_AT = 1_700_000_000_000
PERSON = 0x0B0C0D0E0F101112
PAYLOAD = protocol.RespPayload(SERVER_ID, b"\xaa" * 16, b"\xdd" * 16, 1, "Kelas 7B")


def _example_bytes(cell: str) -> bytes:
    digits, times = re.fullmatch(r"`([0-9a-f]+)`(?: \u00d7 (\d+))?", cell).groups()  # type: ignore[union-attr]
    return bytes.fromhex(digits) * int(times or 1)


# --- layouts ---

ENTRY = conversation.Entry(EXAMPLES["tag"], EntryKind.TEXT, SENT_AT, PERSON, "ana", "halo")
ENCODED = {
    "INIT": protocol.Init(CLIENT_ID, b"\xee" * 32, b"\xcc" * 24).encode(),
    "RETRY": protocol.Retry(CLIENT_ID, b"\xcc" * 24).encode(),
    "RESP": protocol.Resp(CLIENT_ID, b"\xee" * 32 + b"\x55" * 48 + b"\x99" * 66).encode(),
    "RESP payload": PAYLOAD.encode(),
    "RESET": protocol.Reset(SERVER_ID, b"\xdd" * 16).encode(),
    "DATA header": encode_data_header(DatagramType.DATA_TO_SERVER, SERVER_ID, 9),
    "PING": protocol_frames.Ping(42).encode(),
    "PONG": protocol_frames.Pong(42, 5, 6).encode(),
    "PATH_CHALLENGE": protocol_frames.PathChallenge(bytes.fromhex("1122334455667788")).encode(),
    "PATH_RESPONSE": protocol_frames.PathResponse(bytes.fromhex("1122334455667788")).encode(),
    "CLOSE": protocol_frames.Close(CloseCode.KICKED, "bye").encode(),
    "REQUEST": protocol_frames.Request(4, Verb.EXIT, b"{}").encode(),
    "RESPONSE": protocol_frames.Response(4, 0, 1, Code.OK, b"{}").encode(),
    "POST": protocol_frames.Post(1, 1, 1, EntryKind.TEXT, 0, 1, b"halo").encode(),
    "POSTED": protocol_frames.Posted(1, 1, 7, SENT_AT).encode(),
    "REFUSED": protocol_frames.Refused(1, Code.MUTED).encode(),
    "ENTRY": protocol_frames.EntryPart(1, 7, 0, 1, ENTRY.encode()).encode(),
    "HEADS": protocol_frames.Heads(((1, 7),)).encode(),
    "PULL": protocol_frames.Pull(1, 3, 0, 7).encode(),
    "HAVE": protocol_frames.Have(((1, 7),)).encode(),
    "TYPING to the server": protocol_frames.Typing(1).encode(),
    "TYPING to a client": protocol_frames.Typing(1, PERSON).encode(),
    "REACHED": protocol_frames.Reached(((1, 7),)).encode(),
    "READ_TO": protocol_frames.ReadTo(1, 7).encode(),
    "REALMS_CHANGED": protocol_frames.RealmsChanged().encode(),
    "WANT": protocol_frames.Want(b"\xf1" * 32, 1000, ((7, 2), (0, 1)), 9).encode(),
    "CHUNK": protocol_frames.Chunk(b"\xf1" * 32, 7, b"halo").encode(),
    "Entry body": ENTRY.encode(),
    "Person body": conversation.Person(PERSON, "ana", Presence.HERE, False, 12).encode(
        0xA0A1A2A3A4A5A6A7
    ),
}


def test_every_layout_has_its_table() -> None:
    assert LAYOUTS.keys() == ENCODED.keys()
    named = {heading.split(" ")[0] for heading in LAYOUTS}
    sealed = {kind.name for kind in FrameType} - {"END"}
    clear = {kind.name for kind in DatagramType} - {"DATA_TO_SERVER", "DATA_TO_CLIENT"}
    assert sealed | clear <= named


@pytest.mark.parametrize("heading", LAYOUTS)
def test_places_and_sizes_of_a_layout_add_up(heading: str) -> None:
    at = 0
    for place, size, _, example in LAYOUTS[heading]:
        length = len(_example_bytes(example))
        if place.isdigit():
            assert int(place) == at
        else:
            assert place == "26 + n"  # after the name of an entry
        if size.isdigit():
            assert int(size) == length
        at += length


@pytest.mark.parametrize("heading", LAYOUTS)
def test_the_example_of_a_layout_is_what_the_code_sends(heading: str) -> None:
    example = b"".join(_example_bytes(row[3]) for row in LAYOUTS[heading])

    assert example.hex() == ENCODED[heading].hex()


FRAMES = [heading for heading in LAYOUTS if heading.split(" ")[0] in FrameType.__members__]


@pytest.mark.parametrize("heading", FRAMES)
def test_the_example_of_a_frame_is_what_the_code_reads(heading: str) -> None:
    (decoded,) = protocol_frames.decode_frames(ENCODED[heading])

    assert decoded.encode() == ENCODED[heading]
    assert ENCODED[heading][0] == FrameType[heading.split(" ")[0]]


# --- enums and constants ---


@pytest.mark.parametrize("name", ENUMS)
def test_the_table_of_an_enum_has_all_its_members_and_no_others(name: str) -> None:
    (table,) = [table for table in TABLES if table.columns[0] == name]
    kind = ENUMS[name]

    told = {row[0]: row[1] if issubclass(kind, str) else int(row[1], 0) for row in table.rows}

    assert told == {member.name: member.value for member in kind}


UNITS = {
    "": 1,
    "bytes": 1,
    "s": 1,
    "ms": 0.001,
    "min": 60,
    "h": 3600,
    "KiB": 1024,
    "MiB": 1024 * 1024,
    "GiB": 1024 * 1024 * 1024,
}


def _told(cell: str) -> object:
    """What a cell says: bytes, one number or several, times in seconds."""
    if cell.startswith("`"):
        told = cell.strip("`")
        return bytes.fromhex(told) if re.fullmatch("[0-9a-f]+", told) else told.encode()
    numbers, unit = re.fullmatch(r"([0-9.,^ ]+?) ?([a-zA-Z]*)", cell).groups()  # type: ignore[union-attr]
    values = [_number(number) * UNITS[unit] for number in numbers.split(", ")]
    return values[0] if len(values) == 1 else tuple(values)


def _number(text: str) -> float:
    base, _, power = text.replace(",", "").partition("^")
    return int(base) ** int(power) if power else float(base)


def _in_the_source(place: str) -> object:
    module, *names = place.split(".")
    value: object = importlib.import_module(module)
    for name in names:
        value = getattr(value, name)() if name == "Limits" else getattr(value, name)
    return value


@pytest.mark.parametrize(("what", "told", "place"), CONSTANTS)
def test_a_number_on_the_page_is_the_one_in_the_source(what: str, told: str, place: str) -> None:
    name, unit = re.fullmatch(r"`([\w.]+)`(?: (ms))?", place).groups()  # type: ignore[union-attr]
    value = _in_the_source(name)
    if unit is not None:
        assert isinstance(value, int)
        value /= 1000

    assert value == (pytest.approx(_told(told)) if told[0] != "`" else _told(told)), what


def test_no_number_that_both_ends_agree_on_is_left_out() -> None:
    told = {row[2].split("`")[1] for row in CONSTANTS}
    owed = {f"settings.Limits.{limit.name}" for limit in fields(Limits)}
    for module in (protocol, conversation):
        owed |= {
            f"{module.__name__}.{name}"
            for name, value in vars(module).items()
            if re.fullmatch("[A-Z][A-Z_]+", name) and isinstance(value, int | bytes)
        }
    owed -= {f"conversation.{name}" for name in vars(protocol)}  # imported there

    assert owed <= told


def test_every_json_example_is_read_as_it_stands() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    enter, entered, ask, people, held, logs = [decode_object(block.encode()) for block in blocks]

    assert EnterRequest.decode(enter).encode() == enter
    assert EnterAnswer.decode(entered).encode() == entered
    assert set(ask) == {"epoch", "after", "start"}
    assert set(people) == {"epoch", "version", "people", "next"}
    assert LogsRequest.decode(held).encode() == held
    assert LogsAnswer.decode(logs, LogsRequest.decode(held)).encode() == logs


# --- worked examples ---


def test_the_example_of_the_handshake() -> None:
    client_private = EXAMPLES["client_ephemeral_private"]
    server_private = EXAMPLES["server_static_private"]
    ephemeral = EXAMPLES["client_ephemeral"]

    resp, keys = answer_init(
        protocol.Init(CLIENT_ID, ephemeral, bytes(24)),
        PAYLOAD,
        static_private=server_private,
        server_key=x25519_public(server_private),
        random_bytes=lambda size: EXAMPLES["server_ephemeral_private"],
    )
    read = read_resp(resp, CLIENT_ID, client_private)

    assert ephemeral == x25519_public(client_private)
    assert prologue(CLIENT_ID) == EXAMPLES["prologue"]
    assert PAYLOAD.encode() == EXAMPLES["payload"]
    assert resp == EXAMPLES["RESP"]
    assert read.hash == keys.handshake_hash == EXAMPLES["h"]
    assert read.to_server == keys.receive_key == EXAMPLES["key_to_server"]
    assert read.to_client == keys.send_key == EXAMPLES["key_to_client"]
    assert read.server_key == EXAMPLES["server_key"]
    assert auth.key_groups(read.server_key) in PAGE
    assert (read.session_id, read.room_name) == (SERVER_ID, "Kelas 7B")


@pytest.mark.parametrize("number", [0, 258])
def test_the_example_of_a_sealed_datagram(number: int) -> None:
    ping = protocol_frames.Ping(42).encode()

    sealed = seal(EXAMPLES["key_to_server"], SERVER_ID, number, ping)

    assert sealed == EXAMPLES[f"DATA_{number}"]
    assert pad(ping) == EXAMPLES["plaintext"]
    assert list(frames(EXAMPLES["plaintext"])) == [(FrameType.PING, (42).to_bytes(8, "big"))]


def test_the_example_of_the_password() -> None:
    sid, server_key = EXAMPLES["h"], EXAMPLES["server_key"]
    prs = derive_prs("kopi susu", PAYLOAD.room_id)
    secret = EXAMPLES["client_secret"]
    theirs = auth_cpace.Initiator(prs, b"ruang" + server_key, sid, secret)

    point = generator(prs, server_key, sid)
    ya, yb = x25519(secret, point), x25519(EXAMPLES["server_secret"], point)
    tags = agree(secret, ya, yb, sid)

    assert prs == auth.derive_prs("kopi susu", PAYLOAD.room_id) == EXAMPLES["PRS"]
    assert point == EXAMPLES["generator"]
    assert (ya, yb) == (EXAMPLES["Ya"], EXAMPLES["Yb"])
    assert (tags.isk, tags.ta, tags.tb) == (EXAMPLES["ISK"], EXAMPLES["Ta"], EXAMPLES["Tb"])
    assert (theirs.share, theirs.finish(yb), theirs.isk) == (ya, tags.ta, tags.isk)
    assert theirs.verify(EXAMPLES["Tb"])


def test_the_example_of_a_realms_key() -> None:
    private, server_key = EXAMPLES["realm_static_private"], EXAMPLES["server_key"]

    shared = x25519(private, server_key)
    proof = hmac.digest(shared, b"Ruang realm 1" + EXAMPLES["h"], "sha256")

    assert x25519_public(private) == EXAMPLES["realm_key"]
    assert shared == x25519(EXAMPLES["server_static_private"], EXAMPLES["realm_key"])
    assert shared == EXAMPLES["shared"]
    assert proof == prove_key(shared, EXAMPLES["h"]) == EXAMPLES["realm_proof"]


def test_the_example_of_an_account() -> None:
    salt, nonce, sid = EXAMPLES["salt"], EXAMPLES["client_nonce"], EXAMPLES["h"]
    both = nonce + EXAMPLES["server_nonce"]
    theirs = auth_scram.ClientExchange("ana", "nasi goreng", nonce, sid)

    secrets = account_secrets("nasi goreng", salt, 4096)
    message = auth_message("ana", nonce, Challenge(salt, 4096, both), sid)

    assert secrets.salted == EXAMPLES["salted"]
    assert (secrets.stored_key, secrets.server_key) == (
        EXAMPLES["StoredKey"],
        EXAMPLES["ServerKey"],
    )
    assert message == EXAMPLES["AuthMessage"]
    assert scram_proof(secrets, message) == EXAMPLES["proof"] == theirs.proof(salt, 4096, both)
    assert scram_signature(secrets, message) == EXAMPLES["signature"]
    assert theirs.is_genuine(EXAMPLES["signature"])


def test_a_name_with_signs_of_scram_is_written_down_the_same_by_both() -> None:
    challenge = Challenge(b"\x77" * 16, 4096, b"\x88" * 36)

    ours = auth_message("a=b,c", b"\x88" * 18, challenge, bytes(32))

    binding = b"p=ruang-handshake,," + bytes(32)
    assert ours == auth_scram.auth_message(
        "a=b,c", "88" * 18, "88" * 36, challenge.salt, 4096, binding
    )


def test_the_example_of_a_log() -> None:
    left = conversation.Entry(
        conversation.NO_TAG, EntryKind.LEFT, SENT_AT + 500, PERSON, "ana"
    ).encode()

    chain = next_chain(bytes(8), ENTRY.encode())

    assert draft_tag(EXAMPLES["stream"], 1) == EXAMPLES["tag"]
    assert ENTRY.encode() == EXAMPLES["body_1"]
    assert chain == EXAMPLES["chain_1"]
    assert left == EXAMPLES["body_2"]
    assert next_chain(chain, left) == EXAMPLES["chain_2"]
    assert conversation.next_chain(chain, left) == EXAMPLES["chain_2"]


def test_the_example_of_what_a_home_shows_and_nobody_here_said() -> None:
    strange = hashlib.blake2s(b"strange" + EXAMPLES["tag"], digest_size=8).digest()

    assert strange == strange_tag(EXAMPLES["tag"]) == EXAMPLES["strange_tag"]
    assert strange_tag(conversation.NO_TAG) == conversation.NO_TAG

"""A client can be written from docs/protocol.md alone: foreign_client.py, at the real server."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from foreign_client import (
    ForeignClient,
    Refusal,
    agree,
    draft_tag,
    have,
    init,
    next_chain,
    post,
    pull,
    read_entry,
    seal,
)

import auth_cpace
import protocol
from conversation import ConversationKind, EntryKind, Presence
from protocol import CloseCode, Code, Verb
from protocol_frames import FrameType
from server_core import ServerCore
from settings import ServerSettings
from storage import Storage
from storage_files import FOLDER_NAME, FileShelf

pytestmark = pytest.mark.uncounted

CLIENT_ID = 0x0102030405060708
SENT_AT = 1_700_000_000_000


class Chance:
    """The same bytes in every run."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._count = 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_128(f"{self._name} {self._count}".encode()).digest(size)


class Room:
    """The real core on the real store, and time that passes when a datagram is carried."""

    def __init__(self, folder: Path, password: str) -> None:
        self.now = 1000.0
        self.store = Storage.open(folder, random_bytes=Chance("store"), now_utc_ms=self._at())
        self.shelf = FileShelf(folder / FOLDER_NAME, now_utc_ms=self._at())
        self.core = ServerCore(
            ServerSettings(password=password, room_name="Kelas 7B"),
            self.store,
            self.shelf,
            static_private=self.store.identity.static_private,
            reset_key=self.store.identity.reset_key,
            random_bytes=Chance("server"),
            wall_clock=self._at,
            now=self.now,
        )
        self._turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shelf.close()
        self.store.close()

    def carrier(self, port: int) -> Callable[[bytes], list[bytes]]:
        """A way to and from the server for one client."""
        address = ("192.0.2.7", port)

        def carry(datagram: bytes) -> list[bytes]:
            self.core.receive_datagram(datagram, address, self.now)
            sent: list[bytes] = []
            for _ in range(3):
                for burst in self._turn():
                    if burst.address == address:
                        sent += burst.datagrams
            return sent

        return carry

    def _turn(self) -> list[protocol.Burst]:
        while (job := self.core.next_job()) is not None:
            self.core.handle_result(job.key, job.run(), self.now)
        bursts = list(self.core.bursts_to_send(self.now))
        self.now += 0.03
        self.core.handle_timer(self.now)
        return bursts

    def _at(self) -> int:
        return SENT_AT + int(self.now * 1000)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    with Room(tmp_path, "kopi susu") as opened:
        yield opened


def inside(room: Room, name: str, port: int) -> tuple[ForeignClient, dict[str, Any]]:
    client = ForeignClient(room.carrier(port), Chance(name))
    client.shake_hands()
    client.prove("kopi susu")
    return client, client.enter(name=name)


def test_a_client_written_from_the_page_posts_and_reads_back(room: Room) -> None:
    client, entered = inside(room, "ana", 40_001)

    came = client.send(post(1, 1, "halo, dunia"))
    number = next(int.from_bytes(body[16:24], "big") for kind, body in came if kind == 0x21)
    client.frames = []
    client.send(pull(1, number))
    bodies = client.entries()

    assert client.keys.room_name == "Kelas 7B"
    assert [*bodies] == [*range(1, number + 1)]
    entry = read_entry(bodies[number])
    assert (entry.text, entry.name, entry.kind) == ("halo, dunia", "ana", EntryKind.TEXT)
    assert entry.person == int(entered["person"], 16)
    assert entry.tag == draft_tag(client.stream, 1)


def test_it_comes_back_by_token_and_its_copy_is_believed(room: Room) -> None:
    client, entered = inside(room, "ana", 40_001)
    client.send(post(1, 1, "halo"))
    client.send(pull(1, 2))
    chain = bytes(8)
    for _, body in sorted(client.entries().items()):
        chain = next_chain(chain, body)
    client.send(have(2))

    client.shake_hands()
    client.prove("kopi susu")
    back = client.enter(name="ana", token=entered["token"], logs=[[1, 2, chain.hex()]])
    again = client.send(post(1, 1, "halo"))

    assert back["returned"] is True
    assert back["person"] == entered["person"]
    assert back["changed"] == []
    assert [log[:2] for log in back["logs"]] == [[1, 2]]
    assert [body[16:24] for kind, body in again if kind == 0x21] == [(2).to_bytes(8, "big")]


def test_a_copy_of_another_past_is_named_in_changed(room: Room) -> None:
    client = ForeignClient(room.carrier(40_001), Chance("ana"))
    client.shake_hands()
    client.prove("kopi susu")

    entered = client.enter(name="ana", logs=[[1, 5, "00" * 8]])

    assert entered["changed"] == [1]


def test_two_of_them_hear_each_other(room: Room) -> None:
    ana, _ = inside(room, "ana", 40_001)
    budi, _ = inside(room, "budi", 40_002)
    budi.send(post(1, 1, "apa kabar?"))

    ana.send(pull(1, 3))

    assert read_entry(ana.entries()[3]).text == "apa kabar?"


def test_who_is_here_is_told_in_pages(room: Room) -> None:
    ana, entered = inside(room, "ana", 40_001)

    with pytest.raises(Refusal) as snapshot:
        ana.ask(Verb.PEOPLE, {"epoch": "00" * 8, "after": 0, "start": "00" * 8})

    assert snapshot.value.code == Code.SNAPSHOT
    (row,) = snapshot.value.fields["people"]
    assert row[:4] == [entered["person"], "ana", Presence.HERE, False]


def test_leaving_is_answered_and_ends_the_token(room: Room) -> None:
    ana, entered = inside(room, "ana", 40_001)

    answer = ana.ask(Verb.EXIT, {})
    ana.shake_hands()
    ana.prove("kopi susu")

    assert answer == {}
    with pytest.raises(Refusal) as unknown:
        ana.enter(token=entered["token"])
    assert unknown.value.code == Code.TOKEN_UNKNOWN


def test_a_wrong_password_is_refused_and_another_try_is_free(room: Room) -> None:
    client = ForeignClient(room.carrier(40_001), Chance("ana"))
    client.shake_hands()

    with pytest.raises(Refusal) as refused:
        client.prove("teh manis")
    client.prove("kopi susu")

    assert refused.value.code == Code.WRONG_PASSWORD
    assert client.enter(name="ana")["name"] == "ana"


def test_a_taken_and_an_impossible_name_may_be_followed_by_another(room: Room) -> None:
    inside(room, "ana", 40_001)
    client = ForeignClient(room.carrier(40_002), Chance("other"))
    client.shake_hands()
    client.prove("kopi susu")

    with pytest.raises(Refusal) as taken:
        client.enter(name="Ana")
    with pytest.raises(Refusal) as invalid:
        client.enter(name="a\u202eb")

    assert taken.value.code == Code.NAME_TAKEN
    assert invalid.value.code == Code.NAME_INVALID
    assert invalid.value.fields == {"reason": "character"}
    assert client.enter(name="citra")["name"] == "citra"


def test_it_registers_an_account_and_the_guest_becomes_its_owner(room: Room) -> None:
    client, guest = inside(room, "ana", 40_001)

    made = client.register("ana", "nasi goreng")
    owner = client.log_in("ana", "nasi goreng")

    assert len(bytes.fromhex(made["token"])) == 32
    assert (owner["name"], owner["account"]) == ("ana", True)
    assert owner["person"] != guest["person"]
    client.shake_hands()
    client.prove("kopi susu")
    assert client.enter(token=made["token"])["person"] == owner["person"]


def test_a_wrong_password_of_an_account_says_no_more_than_an_unknown_name(room: Room) -> None:
    client, _ = inside(room, "ana", 40_001)
    client.register("ana", "nasi goreng")

    with pytest.raises(Refusal) as wrong:
        client.log_in("ana", "mie goreng")

    assert (wrong.value.code, wrong.value.fields) == (Code.WRONG_LOGIN, {})


def test_it_talks_to_somebody_alone_and_the_other_learns_of_it(room: Room) -> None:
    ana, _ = inside(room, "ana", 40_001)
    budi, _ = inside(room, "budi", 40_002)
    private = ana.wish(Verb.PRIVATE, "budi")
    ana.send(post(1, 1, "rahasia", private))

    logs = budi.ask(Verb.LOGS, {"after": private - 1, "held": []})["logs"]
    budi.send(pull(1, 1, private))

    assert [log[:3] for log in logs] == [[private, ConversationKind.PRIVATE, "ana"]]
    assert read_entry(budi.entries(private)[1]).text == "rahasia"


def test_it_makes_a_group_that_another_joins_and_reads_from_its_beginning(room: Room) -> None:
    ana, _ = inside(room, "ana", 40_001)
    budi, _ = inside(room, "budi", 40_002)
    group = ana.wish(Verb.ADD_GROUP, "Kimia")
    ana.send(post(1, 1, "selamat datang", group))

    joined = budi.wish(Verb.JOIN_GROUP, "kimia")
    budi.ask(Verb.LOGS, {"after": group - 1, "held": []})
    budi.send(pull(1, 3, group))

    assert joined == group
    came = [read_entry(body) for _, body in sorted(budi.entries(group).items())]
    assert [(entry.kind, entry.name) for entry in came] == [
        (EntryKind.JOINED, "ana"),
        (EntryKind.TEXT, "ana"),
        (EntryKind.JOINED, "budi"),
    ]
    hits = budi.ask(Verb.SEARCH, {"words": "selamat"})["hits"]
    assert [hit[:2] for hit in hits] == [[group, 2]]


def test_a_share_that_comes_back_is_refused() -> None:
    """At the client alone: whoever answers second, as the server does, cannot be sent its own."""
    ya = bytes(range(32))

    with pytest.raises(AssertionError, match="our own share"):
        agree(b"\x44" * 32, ya, ya, bytes(32))
    with pytest.raises(protocol.PeerError):
        ours = auth_cpace.Initiator(bytes(32), b"", b"", b"\x44" * 32)
        ours.finish(ours.share)


def test_a_broken_frame_closes_the_session(room: Room) -> None:
    ana, _ = inside(room, "ana", 40_001)

    came = ana.send(bytes.fromhex("990000"))

    assert (FrameType.CLOSE, CloseCode.BROKEN.to_bytes(2, "big")) in came


def test_a_session_the_server_does_not_know_is_answered_reset(room: Room) -> None:
    ana, _ = inside(room, "ana", 40_001)
    stranger = seal(ana.keys.to_server, 12345, 0, bytes(16))

    (reset,) = room.carrier(40_009)(stranger)

    assert reset[:12] == protocol.PREFIX + b"\x04" + (12345).to_bytes(8, "big")
    assert len(reset) == protocol.RESET_SIZE


def test_an_init_without_a_good_cookie_gets_a_retry_and_nothing_else(room: Room) -> None:
    (retry,) = room.carrier(40_001)(init(CLIENT_ID, b"\x09" + bytes(31), b"\xcc" * 24))

    assert protocol.Retry.decode(retry).client_id == CLIENT_ID

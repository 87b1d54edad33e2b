from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from server_parts import FIRST_UTC, START, Chance, FarEnd, StubbornStore, open_store

from conversation import ROOM, Entry, EntryKind, draft_tag
from protocol import POST_PART, Code, PeerError
from protocol_frames import Post, Posted, Refused
from records import BanKind, Store, Stored
from replication_server import MAX_EARLY_DRAFTS, Intake
from server_peer import Member, Peer
from server_people import People
from server_posting import Posting
from server_rooms import Rooms
from server_turn import Turn
from settings import Limits

STREAM = b"s" * 16
AT = FIRST_UTC


class Desk:
    """Posting with all it needs. ``author`` is in the room; a turn ends with ``end_turn``."""

    def __init__(self, stubborn: StubbornStore) -> None:
        self.store = cast(Store, stubborn)
        self.full = stubborn.full
        self.people = People(self.store, Chance("people"))
        self.turn = Turn(self.store, lambda is_full: None)
        self.rooms = Rooms(self.store, Limits(), has_file=lambda _: True)
        self.woken: list[Peer] = []
        self.pushed: list[Stored] = []
        self.authors: dict[tuple[int, int], Peer] = {}
        self.posting = Posting(
            self.store, self.rooms, self.people, self.turn, wake=self.woken.append
        )

    def author(self, name: str = "Ana", stream: bytes = STREAM, person: int = 7) -> FarEnd:
        far = FarEnd(port=5000 + person)
        self.people.hold_name(person, name)
        self.turn.attempt(lambda: self.store.bind_stream(stream, person, AT), START)
        self.turn.commit(START)
        return self.session(far, name, stream, person)

    def session(self, far: FarEnd, name: str, stream: bytes, person: int) -> FarEnd:
        record = self.store.stream(stream)
        assert record is not None
        far.peer.intake = Intake(stream, record)
        far.peer.member = Member(person, name, now=START, since=AT)
        return far

    def end_turn(self, at: int = AT) -> None:
        self.posting.write(START, at)
        self.pushed += self.turn.commit(START) or ()
        self.posting.send_answers()
        self.authors = self.posting.take_authors()

    def post(self, far: FarEnd, *posts: Post) -> list[Posted | Refused]:
        """The answers to posts of one turn."""
        for post in posts:
            self.posting.receive(far.peer, post)
        self.end_turn()
        return [frame for frame in far.frames() if isinstance(frame, Posted | Refused)]

    def texts(self) -> list[str]:
        found = self.store.read(ROOM, 1, 1000, 1 << 20)
        return [Entry.decode(stored.body).text for stored in found]


@pytest.fixture
def desk(folder: Path) -> Iterator[Desk]:
    store = open_store(folder)
    yield Desk(store)
    store.storage.close()


def draft(
    number: int, text: str = "", *, oldest: int = 1, conversation: int = ROOM, kind: int = 1
) -> Post:
    body = (text or f"satu {number}").encode()
    return Post(number, oldest, conversation, kind, 0, 1, body)


def parts(number: int, text: str) -> list[Post]:
    body = text.encode()
    pieces = [body[at : at + POST_PART] for at in range(0, len(body), POST_PART)]
    return [
        Post(number, 1, ROOM, EntryKind.TEXT, part, len(pieces), piece)
        for part, piece in enumerate(pieces)
    ]


def codes(answers: list[Posted | Refused]) -> list[tuple[int, int]]:
    return [(a.draft, a.code if isinstance(a, Refused) else Code.OK) for a in answers]


def test_a_draft_becomes_an_entry_of_its_author_and_is_answered_with_its_place(desk: Desk) -> None:
    ana = desk.author()

    answers = desk.post(ana, draft(1, "halo"))

    assert answers == [Posted(1, ROOM, 1, AT)]
    entry = Entry.decode(desk.pushed[0].body)
    assert entry == Entry(draft_tag(STREAM, 1), EntryKind.TEXT, AT, 7, "Ana", "halo")
    assert desk.authors == {(ROOM, 1): ana.peer}
    assert desk.woken == [ana.peer]
    assert desk.posting.posted == 1


def test_nothing_is_answered_before_the_commit(desk: Desk) -> None:
    ana = desk.author()

    desk.posting.receive(ana.peer, draft(1))
    desk.posting.write(START, AT)

    assert ana.frames() == []
    assert desk.woken == []


def test_authors_are_known_to_the_turn_alone(desk: Desk) -> None:
    ana = desk.author()
    desk.post(ana, draft(1))

    desk.end_turn()

    assert desk.authors == {}


def test_drafts_are_taken_strictly_in_order_and_eight_early_ones_wait(desk: Desk) -> None:
    ana = desk.author()
    early = [draft(number) for number in range(MAX_EARLY_DRAFTS, 1, -1)]

    assert codes(desk.post(ana, *early, draft(MAX_EARLY_DRAFTS + 1))) == []
    answers = desk.post(ana, draft(1))

    assert codes(answers) == [(number, Code.OK) for number in range(1, MAX_EARLY_DRAFTS + 1)]
    assert desk.texts() == [f"satu {number}" for number in range(1, MAX_EARLY_DRAFTS + 1)]


def test_a_long_text_comes_in_parts_in_any_order_and_twice(desk: Desk) -> None:
    ana = desk.author()
    text = "panjang " * 500
    pieces = parts(1, text)

    answers = desk.post(ana, *reversed(pieces[1:]), pieces[1], pieces[0])

    assert codes(answers) == [(1, Code.OK)]
    assert desk.texts() == [text]


def test_a_draft_that_comes_again_is_answered_again_and_written_once(desk: Desk) -> None:
    ana = desk.author()
    first = desk.post(ana, draft(1))

    assert desk.post(ana, draft(1)) == first
    assert desk.post(ana, draft(1), draft(1, "lain")) == first
    assert len(desk.texts()) == 1
    assert desk.posting.posted == 1


def test_one_datagram_repeats_all_answers_from_oldest_on_and_forgets_those_below(
    desk: Desk,
) -> None:
    ana = desk.author()
    desk.post(ana, draft(1), draft(2))

    assert codes(desk.post(ana, draft(3))) == [(1, 0), (2, 0), (3, 0)]
    assert codes(desk.post(ana, draft(4, oldest=3))) == [(3, 0), (4, 0)]
    assert codes(desk.post(ana, draft(1))) == [(3, 0), (4, 0)]


def test_drafts_below_oldest_are_not_waited_for(desk: Desk) -> None:
    ana = desk.author()

    assert codes(desk.post(ana, draft(5, oldest=5))) == [(5, Code.OK)]


def test_after_a_restart_a_repeat_gets_the_first_answer(desk: Desk) -> None:
    ana = desk.author()
    first = desk.post(ana, draft(1), draft(2, "", kind=2))
    again = desk.session(FarEnd(port=6000), "Ana", STREAM, 7)

    assert codes(first) == [(1, Code.OK), (2, Code.BAD_REQUEST)]
    assert desk.post(again, draft(1)) == first
    assert len(desk.texts()) == 1


def test_answers_the_author_has_are_forgotten_on_disk_now_and_then(desk: Desk) -> None:
    ana = desk.author()

    for number in range(1, 70):
        desk.post(ana, draft(number, oldest=number))

    record = desk.store.stream(STREAM)
    assert record is not None
    assert len(record.answers) < 40
    assert record.taken == 69


@pytest.mark.parametrize(
    ("post", "code"),
    [
        (draft(1, kind=EntryKind.FILE), Code.BAD_REQUEST),
        (draft(1, kind=EntryKind.JOINED), Code.BAD_REQUEST),
        (draft(1, kind=99), Code.BAD_REQUEST),
        (draft(1, conversation=99), Code.NO_SUCH_CONVERSATION),
        (draft(1, conversation=0), Code.NO_SUCH_CONVERSATION),
        (draft(1, " \n\t"), Code.TEXT_INVALID),
        (Post(1, 1, ROOM, EntryKind.TEXT, 0, 1, b""), Code.TEXT_INVALID),
        (Post(1, 1, ROOM, EntryKind.TEXT, 0, 1, b"\xff"), Code.TEXT_INVALID),
        (Post(1, 1, ROOM, EntryKind.TEXT, 0, 1, b"\xed\xa0\x80"), Code.TEXT_INVALID),
    ],
)
def test_what_cannot_be_posted_is_refused_for_good_and_uses_up_its_number(
    desk: Desk, post: Post, code: Code
) -> None:
    ana = desk.author()

    assert desk.post(ana, post) == [Refused(1, code)]
    assert desk.post(ana, draft(1, "lain")) == [Refused(1, code)]
    assert codes(desk.post(ana, draft(2))) == [(1, code), (2, Code.OK)]
    assert desk.texts() == ["satu 2"]
    assert desk.posting.posted == 1


def test_texts_of_64000_bytes_are_taken(desk: Desk) -> None:
    ana = desk.author()

    assert codes(desk.post(ana, *parts(1, "x" * 64_000))) == [(1, Code.OK)]


def test_mute_refuses_and_ends_and_others_may_speak(desk: Desk) -> None:
    ana, budi = desk.author(), desk.author("Budi", b"t" * 16, 8)
    desk.people.add_ban(BanKind.SPEAK, 7, "", 10, AT)

    assert desk.post(ana, draft(1)) == [Refused(1, Code.MUTED)]
    assert codes(desk.post(budi, draft(1))) == [(1, Code.OK)]
    desk.posting.receive(ana.peer, draft(2, oldest=2))
    desk.end_turn(at=AT + 10 * 60_000)
    assert [type(frame) for frame in ana.frames()] == [Posted]


def test_a_post_in_a_session_with_nobody_behind_it_is_ignored(desk: Desk) -> None:
    ana, budi = desk.author(), desk.author("Budi", b"t" * 16, 8)
    ana.peer.intake = None
    budi.peer.member = None

    assert desk.post(ana, draft(1)) == desk.post(budi, draft(1)) == []
    assert desk.texts() == []


def test_parts_that_contradict_each_other_end_the_session(desk: Desk) -> None:
    ana = desk.author()
    desk.posting.receive(ana.peer, parts(1, "x" * 2000)[0])

    with pytest.raises(PeerError):
        desk.posting.receive(ana.peer, draft(1))


def test_who_has_left_since_gets_no_answer(desk: Desk) -> None:
    ana = desk.author()
    desk.posting.receive(ana.peer, draft(1))
    ana.peer.intake = None

    desk.end_turn()

    assert desk.texts() == ["satu 1"]
    assert ana.frames() == []


# --- a full disk ---


@pytest.mark.parametrize("method", ["append", "save_answer", "commit"])
def test_on_a_full_disk_drafts_are_refused_and_nothing_of_the_turn_stays(
    desk: Desk, method: str
) -> None:
    ana, budi = desk.author(), desk.author("Budi", b"t" * 16, 8)
    desk.full.add(method)

    desk.posting.receive(budi.peer, draft(1, "Budi"))
    answers = desk.post(ana, draft(1), draft(2))

    assert answers == [Refused(1, Code.DISK_FULL), Refused(2, Code.DISK_FULL)]
    assert budi.frames() == [Refused(1, Code.DISK_FULL)]
    assert (desk.texts(), desk.authors, desk.pushed) == ([], {}, [])
    assert desk.posting.posted == 0


def test_when_there_is_room_again_what_was_refused_stays_refused_and_the_next_is_taken(
    desk: Desk,
) -> None:
    ana = desk.author()
    desk.full.add("append")
    desk.post(ana, draft(1))

    desk.full.clear()
    answers = desk.post(ana, draft(1), draft(2, "dua"))

    assert codes(answers) == [(1, Code.DISK_FULL), (2, Code.OK)]
    assert desk.texts() == ["dua"]


def test_a_refusal_that_was_lost_is_repeated_though_others_followed(desk: Desk) -> None:
    ana = desk.author()
    desk.full.add("append")
    desk.post(ana, draft(1))

    assert codes(desk.post(ana, draft(2))) == [(1, Code.DISK_FULL), (2, Code.DISK_FULL)]
    assert codes(desk.post(ana, draft(1))) == [(1, Code.DISK_FULL), (2, Code.DISK_FULL)]


def test_early_drafts_outlast_a_full_disk(desk: Desk) -> None:
    ana = desk.author()
    desk.post(ana, draft(3))
    desk.full.add("append")
    desk.post(ana, draft(1))
    desk.full.clear()

    answers = desk.post(ana, draft(2))

    assert codes(answers) == [(1, Code.DISK_FULL), (2, Code.OK), (3, Code.OK)]


def test_what_a_full_disk_refused_and_a_restart_forgot_is_refused_and_never_left_hanging(
    desk: Desk,
) -> None:
    ana = desk.author()
    desk.full.add("append")
    desk.post(ana, draft(1))
    desk.full.clear()
    desk.post(ana, draft(2, "dua"))
    again = desk.session(FarEnd(port=6000), "Ana", STREAM, 7)

    answers = desk.post(again, draft(1))

    assert codes(answers) == [(1, Code.DISK_FULL), (2, Code.OK)]
    assert desk.texts() == ["dua"]

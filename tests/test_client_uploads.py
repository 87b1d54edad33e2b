"""Files a client sends: hashed, offered, supplied, shared, against a server made by hand."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from client_file_parts import FileHost, FileSeat, made, note_of, run_held
from client_parts import SERVER, Reply, Seat, always, nothing
from shelf_parts import opened

from client_disk import ClientDisk
from client_events import DraftMade, DraftRefused, EntryArrived, Say
from client_file_events import (
    DropFile,
    FileEnded,
    FileMoved,
    FileState,
    FileTrouble,
    PauseFile,
    ResumeFile,
    SendFile,
)
from client_file_moves import STALLED_AFTER, Source
from client_files import MAX_MOVING
from client_uploads import OFFER_AGAIN
from conversation import ROOM, EntryKind, FileNote
from protocol import BLOCK, MAX_FILE, CloseCode, Code, Verb
from protocol_frames import Chunk, Post, Refused, Want
from protocol_requests import Fields


def test_a_file_is_hashed_offered_supplied_and_then_shared(seat: FileSeat) -> None:
    data = made(5 * BLOCK + 7)

    seat.send(data)
    seat.want(data, (0, 6))
    seat.want(data)

    note = note_of(data)
    assert seat.host.asked(Verb.OFFER)[0] == {
        "conversation": ROOM,
        "file": note.file.hex(),
        "size": note.size,
        "name": "foto.png",
    }
    (post,) = seat.host.got(Post)
    assert (post.kind, post.body.decode()) == (EntryKind.FILE, note.encode())
    (arrived,) = [event for event in seat.saw(EntryArrived) if event.ticket == 1]
    assert FileNote.decode(arrived.entry.text) == note
    assert seat.ended == FileEnded(1, note, is_upload=True)
    assert seat.states() == [FileState.HASHING, FileState.MOVING, FileState.CHECKING]
    assert seat.saw(DraftMade) == []


def test_what_the_server_has_is_shared_at_once(seat: FileSeat) -> None:
    seat.host.replies[Verb.OFFER] = always(Code.OK, have=True)

    seat.send(b"")

    assert seat.ended == FileEnded(1, note_of(b""), is_upload=True)
    assert len(seat.host.asked(Verb.OFFER)) == 1


def test_it_is_offered_again_when_nothing_is_heard_for_a_second(seat: FileSeat) -> None:
    data = made(BLOCK)
    seat.send(data)

    seat.pass_time(3 * OFFER_AGAIN + 0.1)

    assert len(seat.host.asked(Verb.OFFER)) == 4
    seat.want(data, (0, 1))  # the offer waits for a second again
    assert len(seat.host.asked(Verb.OFFER)) == 4
    seat.pass_time(OFFER_AGAIN)
    assert len(seat.host.asked(Verb.OFFER)) == 5
    assert seat.ended.trouble is None


def test_a_word_that_all_is_there_is_not_lost_between_an_offer_and_its_answer(
    seat: FileSeat,
) -> None:
    data = made(BLOCK)
    answers: list[Code] = []

    def first_late(fields: Fields) -> Reply:
        answers.append(Code.OK)
        if len(answers) == 1:
            assert seat.host.session is not None
            seat.host.session.queue(Want(sha256(data).digest(), 1, ()).encode())
            return Code.OK, {"have": False}
        return Code.OK, {"have": True}

    seat.host.replies[Verb.OFFER] = first_late
    seat.send(data)

    assert seat.ended.trouble is None


@pytest.mark.parametrize(
    "code", [Code.NOT_A_MEMBER, Code.NO_SPACE, Code.FILE_TOO_LARGE, Code.FILE_CHANGED]
)
def test_what_the_server_refuses_ends_with_its_reason(seat: FileSeat, code: Code) -> None:
    seat.host.replies[Verb.OFFER] = always(code)

    seat.send(made(BLOCK))

    assert seat.ended.trouble is code
    assert seat.host.asked(Verb.DROP) == []


def test_how_much_a_server_takes_is_told_as_far_as_it_says_so(seat: FileSeat) -> None:
    seat.host.replies[Verb.OFFER] = always(Code.NO_SPACE, limit=10_000_000, free="a lot")

    seat.send(made(BLOCK))

    assert (seat.ended.limit, seat.ended.free) == (10_000_000, 0)


def test_a_server_with_too_many_uploads_is_asked_again(seat: FileSeat) -> None:
    seat.host.replies[Verb.OFFER] = always(Code.SERVER_FULL)
    seat.send(made(BLOCK))
    seat.pass_time(2.5)

    seat.host.replies[Verb.OFFER] = always(Code.OK, have=True)
    seat.pass_time(1.0)

    assert len(seat.host.asked(Verb.OFFER)) == 4
    assert seat.ended.trouble is None


def test_an_entry_that_is_refused_ends_the_transfer_and_is_no_text_to_show(
    seat: FileSeat,
) -> None:
    seat.host.replies[Verb.OFFER] = always(Code.OK, have=True)
    seat.host.takes_posts = False
    seat.send(made(BLOCK))
    (post,) = seat.host.got(Post)[:1]

    seat.hear(Refused(post.draft, Code.FILE_MISSING).encode())

    assert seat.ended.trouble is Code.FILE_MISSING
    assert seat.saw(DraftRefused) == []


@pytest.mark.parametrize("name", ["nothing", "."])
def test_what_is_no_file_is_not_found(seat: FileSeat, name: str) -> None:
    seat.do(SendFile(1, ROOM, seat.home / name))

    assert seat.ended.trouble is FileTrouble.NOT_FOUND
    assert seat.ended.note == FileNote(b"", 0, (seat.home / name).name)


def test_a_name_that_cannot_be_is_refused_before_anything_is_read(seat: FileSeat) -> None:
    seat.send(b"x", "baris\nbaru")

    assert seat.ended.trouble is Code.FILE_NAME_INVALID


def test_a_file_that_is_too_large_is_refused_before_it_is_read(seat: FileSeat) -> None:
    path = seat.put(b"", "besar")
    with path.open("r+b") as file:
        file.truncate(MAX_FILE + 1)

    seat.do(SendFile(1, ROOM, path))

    assert seat.ended.trouble is Code.FILE_TOO_LARGE


def replace(path: Path) -> None:
    other = path.with_name("lain")
    other.write_bytes(path.read_bytes())
    other.replace(path)


@pytest.mark.parametrize("when", ["hashing", "offered"])
@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        (lambda path: path.write_bytes(b"lain"), FileTrouble.CHANGED),
        (lambda path: path.unlink(), FileTrouble.NOT_FOUND),
        (replace, FileTrouble.CHANGED),
    ],
)
def test_a_source_that_changes_or_vanishes_ends_it_and_the_server_is_told(
    seat: FileSeat, when: str, change: Callable[[Path], object], trouble: FileTrouble
) -> None:
    data = made(3 * BLOCK)
    path = seat.put(data)
    if when == "hashing":
        seat.held_jobs = []
    seat.do(SendFile(1, ROOM, path))
    change(path)

    if when == "hashing":
        run_held(seat)
    else:
        seat.want(data, (0, 3))

    assert seat.ended.trouble is trouble
    assert len(seat.host.asked(Verb.DROP)) == (when == "offered")
    assert seat.host.got(Post) == []


def test_where_nothing_moves_any_more_there_is_no_speed(seat: FileSeat) -> None:
    data = made(2_000 * BLOCK)
    seat.send(data)
    for first in range(0, 1_000, 200):
        seat.want(data, (first, 200), place=first + 1)
        seat.pass_time(0.2)
    fast = seat.saw(FileMoved)[-1].speed

    seat.pass_time(STALLED_AFTER + OFFER_AGAIN + 0.1)

    assert fast > 0
    assert seat.saw(FileMoved)[-1].speed == 0


class SlowSource:
    """A file that is hashed piece by piece."""

    def __init__(self, data: bytes, pieces: int) -> None:
        self.data = data
        self.pieces = pieces
        self.closings = 0

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def stamp(self) -> int:
        return 0

    def hash_some(self) -> int | bytes:
        self.pieces -= 1
        return BLOCK if self.pieces else sha256(self.data).digest()

    def read(self, first: int, blocks: int) -> bytes:
        return self.data[first * BLOCK : (first + blocks) * BLOCK]

    def close(self) -> None:
        self.closings += 1


class SlowDisk(ClientDisk):
    """Whatever is to be sent is that."""

    def __init__(self, home: Path, source: SlowSource) -> None:
        super().__init__(home, lambda: 0)
        self._source = source

    def source(self, path: Path) -> Source:  # type: ignore[override]
        return self._source


class SlowSeat(Seat):
    """Hashes in three pieces, each of which a test lets happen."""

    def __init__(self, home: Path) -> None:
        self.source = SlowSource(made(4 * BLOCK), 3)
        super().__init__(FileHost(), disk=SlowDisk(home, self.source))
        self.enter()
        self.held_jobs = []
        self.do(SendFile(1, ROOM, home / "foto.png"))


@pytest.fixture
def slow(tmp_path: Path) -> SlowSeat:
    return SlowSeat(tmp_path)


def test_hashing_tells_how_far_it_is_and_rests_in_a_pause(slow: SlowSeat) -> None:
    run_held(slow, 1)
    slow.pass_time(0.2)
    assert [moved.done for moved in slow.saw(FileMoved)] == [0, BLOCK]

    slow.do(PauseFile(1))
    run_held(slow)
    assert slow.saw(FileMoved)[-1].state is FileState.PAUSED
    assert slow.source.pieces == 1

    slow.do(ResumeFile(1))
    run_held(slow)
    assert slow.source.pieces == 0
    assert len(slow.host.asked(Verb.OFFER)) == 1


def test_what_a_worker_finds_in_one_that_was_dropped_is_nothing_new(slow: SlowSeat) -> None:
    slow.do(DropFile(1))
    run_held(slow)

    assert slow.saw(FileEnded)[0].trouble is FileTrouble.DROPPED
    assert (slow.source.closings, slow.source.pieces) == (2, 2)  # its place, and itself


def test_however_many_are_to_be_sent_only_those_that_move_are_open(seat: FileSeat) -> None:
    for ticket in range(1, 3 * MAX_MOVING):
        data = made(4 * BLOCK, ticket)
        seat.send(data, f"{ticket}.png", ticket)
        seat.want(data, (0, 2))
    assert len(opened(seat.home)) == MAX_MOVING

    seat.do(PauseFile(1))
    seat.do(PauseFile(2))
    assert len(opened(seat.home)) == MAX_MOVING - 2
    seat.do(ResumeFile(1))
    seat.want(made(4 * BLOCK, 1), (2, 2), place=3)
    for ticket in range(1, 3 * MAX_MOVING):
        seat.do(DropFile(ticket))
    assert opened(seat.home) == []


def test_a_pause_while_a_worker_reads_does_not_make_it_read_twice(slow: SlowSeat) -> None:
    slow.do(PauseFile(1))
    slow.do(ResumeFile(1))

    assert slow.held_jobs is not None
    assert len(slow.held_jobs) == 1


def test_a_paused_upload_is_silent_and_goes_on_where_it_was(seat: FileSeat) -> None:
    data = made(4 * BLOCK)
    seat.send(data)
    seat.want(data, (0, 2))

    seat.do(PauseFile(1))
    offers = len(seat.host.asked(Verb.OFFER))
    seat.want(data, (2, 2), place=3)
    seat.pass_time(5.0)
    assert seat.saw(FileMoved)[-1].state is FileState.PAUSED
    assert seat.saw(FileMoved)[-1].done == 2 * BLOCK
    assert len(seat.host.taken[sha256(data).digest()]) == 2
    assert len(seat.host.asked(Verb.OFFER)) == offers

    seat.do(ResumeFile(1))
    seat.want(data, (2, 2), place=3)
    seat.want(data)
    assert seat.ended.trouble is None


def test_an_offer_that_is_answered_in_a_pause_is_repeated_after_it(seat: FileSeat) -> None:
    seat.host.replies[Verb.OFFER] = nothing
    seat.send(made(BLOCK))
    seat.do(PauseFile(1))
    seat.host.replies[Verb.OFFER] = always(Code.OK, have=True)
    seat.host.forget_requests()
    seat.pass_time(5.0)  # the request is repeated, as all are
    assert seat.saw(FileEnded) == []
    assert seat.host.got(Post) == []

    seat.do(ResumeFile(1))

    assert seat.ended.trouble is None


def test_one_that_is_dropped_is_taken_back(seat: FileSeat) -> None:
    data = made(2 * BLOCK)
    seat.send(data)

    seat.do(DropFile(1))
    seat.want(data, (0, 2))

    assert seat.ended.trouble is FileTrouble.DROPPED
    assert seat.host.asked(Verb.DROP) == [{"file": sha256(data).hexdigest()}]
    assert seat.host.taken == {}


def test_a_file_for_two_places_is_taken_back_with_the_second(seat: FileSeat) -> None:
    data = made(2 * BLOCK)
    seat.send(data)
    seat.send(data, ticket=2)

    seat.do(DropFile(1))
    assert seat.host.asked(Verb.DROP) == []
    seat.want(data, (0, 2))
    seat.want(data)

    assert [(end.ticket, end.trouble) for end in seat.saw(FileEnded)] == [
        (1, FileTrouble.DROPPED),
        (2, None),
    ]


def test_what_is_shared_already_can_be_neither_paused_nor_dropped(seat: FileSeat) -> None:
    seat.host.replies[Verb.OFFER] = always(Code.OK, have=True)
    seat.host.takes_posts = False
    seat.send(made(BLOCK))

    seat.do(PauseFile(1))
    seat.do(DropFile(1))
    seat.host.takes_posts = True
    seat.pass_time(5.0)

    assert seat.ended.trouble is None


def test_words_about_transfers_that_are_over_change_nothing(seat: FileSeat) -> None:
    for command in (PauseFile(7), ResumeFile(7), DropFile(7)):
        seat.do(command)

    assert seat.saw(FileMoved) == seat.saw(FileEnded) == []


def test_a_server_that_wants_more_than_there_is_gets_a_new_session(seat: FileSeat) -> None:
    data = made(2 * BLOCK)
    seat.send(data)

    seat.want(data, (1, 2))
    seat.pass_time(3.0)

    assert seat.host.inits == 2
    assert seat.saw(FileEnded) == []


def test_blocks_nobody_offers_are_not_sent(seat: FileSeat) -> None:
    seat.want(made(BLOCK), (0, 1))

    assert seat.host.taken == {}


def test_an_upload_goes_on_in_the_next_session(seat: FileSeat) -> None:
    data = made(4 * BLOCK)
    seat.send(data)
    seat.want(data, (0, 2))

    seat.receive(seat.host.reset())
    seat.pass_time(0.5)
    seat.want(data, (2, 2))
    seat.want(data)

    assert seat.ended.trouble is None
    assert len(seat.host.asked(Verb.OFFER)) == 3


def test_without_a_session_it_waits(seat: FileSeat) -> None:
    seat.host.is_silent = True
    seat.hear_close(CloseCode.COME_BACK)

    seat.send(made(BLOCK))
    seat.pass_time(3.0)
    assert seat.states() == [FileState.HASHING, FileState.WAITING]
    seat.do(DropFile(1))
    seat.host.is_silent = False
    seat.pass_time(5.0)

    assert seat.host.asked(Verb.DROP) == seat.host.asked(Verb.OFFER) == []


def test_texts_go_before_the_blocks_of_files(seat: FileSeat) -> None:
    data = made(40 * BLOCK)
    seat.send(data)
    seat.host.frames.clear()
    want = Want(sha256(data).digest(), 1_000_000, ((0, 40),), 1)

    for datagram in seat.host.send(want.encode(), now=seat.now):
        seat.core.receive_datagram(datagram, SERVER, seat.now)
    seat.now += 0.1
    seat.do(Say(5, ROOM, "penting"))

    kinds = [type(frame) for frame in seat.host.frames if isinstance(frame, Post | Chunk)]
    assert kinds[0] is Post
    assert kinds.count(Chunk) > 30

"""The files a client sends and fetches: some at a time, the others wait for their turn.

Band: cores. Knows no session: who owns that gives it the frames of files, and sends what is due.
Source: docs/protocol.md.
"""

from functools import partial

from client_downloads import Download
from client_file_events import (
    DropFile,
    FetchFile,
    FileCommand,
    FileEnded,
    FileTrouble,
    PauseFile,
    ResumeFile,
    SendFile,
)
from client_file_moves import TROUBLES, Calls, Disk
from client_uploads import Upload
from conversation import FileNote, is_file_name
from protocol import MAX_FILE, Code, Verb
from protocol_frames import Chunk, Want
from protocol_guards import RoundTrip
from protocol_requests import Answer
from records import FileGoneError
from transfer import Supplier

MAX_MOVING = 4  # at a time
STOP_INTERVAL = 0.1  # s between words that something is not wanted


class Files:
    """All transfers of one visit. ``serve`` and then ``frames_due`` end each turn."""

    def __init__(self, disk: Disk, calls: Calls) -> None:
        self.is_asking = False  # what ``frames_due`` gave last wants an answer
        self._disk = disk
        self._calls = calls
        self._moves: dict[int, Upload | Download] = {}  # by ticket
        self._pulled: dict[bytes, Download] = {}  # those that have begun; each file once
        self._supplier = Supplier()
        self._unwanted: set[bytes] = set()  # files that come although nobody wants them
        self._unwanted_told = float("-inf")

    # --- what the user wants ---

    def handle(self, command: FileCommand, now: float, *, is_here: bool) -> None:
        """A ticket that is over, or was never given out, is nobody's."""
        match command:
            case SendFile():
                self._send(command)
            case FetchFile():
                self._moves[command.ticket] = Download(command, self._disk, self._calls)
            case PauseFile(ticket):
                self._pause(ticket)
            case ResumeFile(ticket):
                if ticket in self._moves:
                    self._moves[ticket].is_paused = False
            case _:
                self._drop(command, now, is_here=is_here)

    def _send(self, command: SendFile) -> None:
        name = command.path.name
        try:
            source = self._disk.open_source(command.path)
        except FileGoneError:
            note = FileNote(b"", 0, name)
            self._calls.report(FileEnded(command.ticket, note, True, FileTrouble.NOT_FOUND))
            return
        upload = Upload(command, source, self._calls)
        if not is_file_name(name):
            upload.end(Code.FILE_NAME_INVALID)
        elif source.size > MAX_FILE:
            upload.end(Code.FILE_TOO_LARGE)
        else:
            self._moves[command.ticket] = upload

    def _pause(self, ticket: int) -> None:
        move = self._moves.get(ticket)
        if move is not None and move.can_stop:
            move.is_paused = True
            self._take_place(move)

    def _drop(self, command: DropFile, now: float, *, is_here: bool) -> None:
        move = self._moves.get(command.ticket)
        if move is not None and move.can_stop:
            self._take_place(move)
            move.end(FileTrouble.DROPPED)
            self._settle(now, is_here=is_here)

    def _take_place(self, move: Upload | Download) -> None:
        if move.has_place:
            move.has_place = False
            move.guard(move.rest)
            if isinstance(move, Upload):
                self._supply_only_what_is_offered(move.note.file)

    # --- turns ---

    def serve(self, now: float, *, is_here: bool) -> None:
        """Gives places out, offers what is to be offered, tells the user how far all is."""
        for download in self._downloads():
            download.look_again(now)
        self._settle(now, is_here=is_here)
        for move in self._moves.values():
            if is_here and isinstance(move, Upload):
                move.offer(now)
            move.show(*move.state(is_here=is_here), now)

    def _settle(self, now: float, *, is_here: bool) -> None:
        """What is over goes, and others come in its place, which may be over at once."""
        while True:
            for ticket, move in list(self._moves.items()):
                if move.is_over:
                    del self._moves[ticket]
                    self._forget(move, now, is_here=is_here)
            waiting = self._next_waiting()
            if waiting is None:
                return
            waiting.has_place = True
            waiting.guard(waiting.go_on)

    def _next_waiting(self) -> Upload | Download | None:
        if sum(move.has_place for move in self._moves.values()) >= MAX_MOVING:
            return None
        for move in self._moves.values():
            if move.has_place or move.is_paused:
                continue
            if isinstance(move, Upload):
                return move
            if move.again_at is None and self._pulled.setdefault(move.note.file, move) is move:
                return move
        return None

    def _forget(self, move: Upload | Download, now: float, *, is_here: bool) -> None:
        file = move.note.file
        if isinstance(move, Download):
            if self._pulled.get(file) is move:
                del self._pulled[file]
                if move.has_asked:
                    self._unwanted.add(file)
            return
        self._supply_only_what_is_offered(file)
        if move.is_asked and is_here and not self._offered(file):
            self._calls.ask(Verb.DROP, {"file": file.hex()}, now)

    def _supply_only_what_is_offered(self, file: bytes) -> None:
        if not self._offered(file):
            self._supplier.drop(file)

    def _offered(self, file: bytes) -> list[Upload]:
        """Those that bring it: perhaps into several conversations."""
        uploads = (move for move in self._moves.values() if isinstance(move, Upload))
        return [upload for upload in uploads if upload.is_offered and upload.note.file == file]

    def next_timer(self) -> float | None:
        """In a session: when something is due."""
        dues = [move.next_timer() for move in self._moves.values()]
        dues.append(self._supplier.next_timer())
        if self._unwanted:
            dues.append(self._unwanted_told + STOP_INTERVAL)
        return min((due for due in dues if due is not None), default=None)

    def frames_due(self, now: float, round_trip: RoundTrip) -> list[bytes]:
        """What asks for blocks, or for no more of them."""
        frames: list[bytes] = []
        self.is_asking = False
        for download in self._pulled.values():
            more, is_asking = download.frames_due(now, round_trip)
            frames += more
            self.is_asking |= is_asking
        if self._unwanted and now >= self._unwanted_told + STOP_INTERVAL:
            frames += [Want(file, 1, ()).encode() for file in self._unwanted - set(self._pulled)]
            self._unwanted.clear()
            self._unwanted_told = now
        return frames

    def chunks_due(self, now: float, room: int) -> list[bytes]:
        """What goes after everything else, in datagrams with so many bytes for frames."""
        frames: list[bytes] = []
        for run in self._supplier.frames_due(now, room):
            for upload in self._offered(run.file)[:1]:
                try:
                    frames += upload.chunks(run, room, now)
                except TROUBLES as error:
                    upload.fail(error)
                    self._settle(now, is_here=True)
        return frames

    # --- sessions ---

    def interrupt(self) -> None:
        """The session is gone, and with it whatever was asked in it."""
        self._supplier = Supplier()
        self._unwanted.clear()
        for move in self._moves.values():
            move.interrupt()

    def end(self) -> None:
        """The visit is over. What is here is known to the next one."""
        for move in self._moves.values():
            if isinstance(move, Download):
                move.guard(move.keep)
            move.end(FileTrouble.LEFT)
        self._moves.clear()
        self._pulled.clear()

    # --- what comes ---

    def receive_answer(self, answer: Answer, now: float) -> None:
        """To OFFER. That to DROP says nothing."""
        for move in self._moves.values():
            if isinstance(move, Upload):
                move.receive_answer(answer, now)

    def receive_listed(self, answer: Answer, now: float) -> bool:
        """To FILES; False: somebody else asked. Raises PeerError."""
        for download in self._downloads():
            if download.receive_listed(answer, now):
                if download.again_at is not None:
                    self._take_place(download)
                return True
        return False

    def _downloads(self) -> list[Download]:
        return [move for move in self._moves.values() if isinstance(move, Download)]

    def receive(self, frame: Chunk | Want, now: float) -> None:
        """Some of a file, or a word about one. Raises PeerError."""
        if isinstance(frame, Want):
            self._receive_want(frame, now)
            return
        download = self._pulled.get(frame.file)
        if download is None:
            self._unwanted.add(frame.file)
        else:
            download.guard(partial(download.receive, frame, now))

    def _receive_want(self, want: Want, now: float) -> None:
        if not want.ranges and not want.rate:  # the server has nothing of it for us
            if want.file in self._pulled:
                self._pulled[want.file].refuse(now)
            return
        uploads = self._offered(want.file)
        for upload in uploads:
            upload.hear(now, is_complete=not want.ranges)
        if uploads:
            self._supplier.receive(want, uploads[0].note.size, now)

    # --- what is shared ---

    def is_posted(self, ticket: int) -> bool:
        """Whether a draft of this ticket is a file of ours."""
        move = self._moves.get(ticket)
        return isinstance(move, Upload) and move.is_posted

    def take_outcome(self, ticket: int, code: Code) -> None:
        """A draft of this ticket is an entry, or was refused."""
        if self.is_posted(ticket):
            self._moves[ticket].end(None if code is Code.OK else code)

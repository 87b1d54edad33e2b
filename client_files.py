"""The files a client sends and fetches: some at a time, the others wait for their turn.

Band: cores. Knows no session: who owns that gives it the frames of files, and sends what is due.
Source: docs/protocol.md.
"""

from collections.abc import Iterable, Iterator
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
    SendGoesOn,
)
from client_file_moves import TROUBLES, Calls, Disk
from client_uploads import Upload
from conversation import EntryKind, FileNote, is_file_name
from file_words import note_in
from protocol import MAX_FILE, Code, Verb
from protocol_frames import Chunk, Want
from protocol_guards import RoundTrip
from protocol_requests import Answer
from records import FileGoneError
from settings_client import WaitingDraft
from settings_files import Unfinished, UnfinishedFetch, UnfinishedSend
from transfer import Supplier

MAX_MOVING = 4  # at a time
STOP_INTERVAL = 0.1  # s between words that something is not wanted
GO_ON_AFTER = 2.0  # s: whoever asks for the same again, or does not want it any more, comes first


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
        self.is_unfinished_changed = False  # what another visit would go on with
        self._left: tuple[Unfinished, ...] = ()  # of the visit before this one, or after it
        self._last_ticket = 0  # of those that nobody asked for in this visit

    # --- from visit to visit ---

    def unfinished(self) -> tuple[Unfinished, ...]:
        """What goes on in another visit, for the disk."""
        kept = (move.unfinished for move in self._moves.values())
        return self._left + tuple(one for one in kept if one is not None)

    def remember(self, files: tuple[Unfinished, ...], drafts: Iterable[WaitingDraft]) -> None:
        """From an earlier visit. What became a draft when the client was killed is no file to send
        any more.
        """
        shared = [
            (draft.conversation, note.size, note.name)
            for draft in drafts
            if draft.kind is EntryKind.FILE and (note := note_in(draft.text)) is not None
        ]
        self._left = tuple(
            one
            for one in files
            if isinstance(one, UnfinishedFetch)
            or (one.conversation, one.size, one.path.name) not in shared
        )

    def go_on(self, now: float) -> None:
        """We are in: they wait for a moment."""
        files, self._left = self._left, ()
        self.is_unfinished_changed = bool(files)
        for one in files:
            self._last_ticket -= 1
            self._begin_again(one, self._last_ticket)
            if (move := self._moves.get(self._last_ticket)) is not None:
                move.is_paused, move.not_before = one.is_paused, now + GO_ON_AFTER

    def _take_over(self, command: SendFile | FetchFile) -> bool:
        """Whether that goes on already, and is theirs now."""
        for ticket, move in self._moves.items():
            if ticket < 0 and move.is_asked_by(command):
                del self._moves[ticket]
                move.take_over(command.ticket)
                self._moves[command.ticket] = move
                return True
        return False

    def _begin_again(self, one: Unfinished, ticket: int) -> None:
        if isinstance(one, UnfinishedFetch):
            self._fetch(FetchFile(ticket, one.note, one.folder))
            return
        self._calls.report(SendGoesOn(ticket, one.conversation, one.path))
        self._send(SendFile(ticket, one.conversation, one.path), one)

    # --- what the user wants ---

    def handle(self, command: FileCommand, now: float, *, is_here: bool) -> None:
        """A ticket that is over, or was never given out, is nobody's."""
        self.is_unfinished_changed = True
        match command:
            case SendFile() | FetchFile() if self._take_over(command):
                pass
            case SendFile():
                self._send(command)
            case FetchFile():
                self._fetch(command)
            case PauseFile(ticket):
                self._pause(ticket)
            case ResumeFile(ticket):
                if ticket in self._moves:
                    self._moves[ticket].is_paused = False
            case _:
                self._drop(command, now, is_here=is_here)

    def _send(self, command: SendFile, earlier: UnfinishedSend | None = None) -> None:
        name = command.path.name
        try:
            source = self._disk.source(command.path)
        except FileGoneError:
            note = FileNote(b"", 0, name)
            self._calls.report(FileEnded(command.ticket, note, True, FileTrouble.NOT_FOUND))
            return
        upload = Upload(command, source, self._calls)
        if not is_file_name(name):
            upload.end(Code.FILE_NAME_INVALID)
        elif source.size > MAX_FILE:
            upload.end(Code.FILE_TOO_LARGE, limit=MAX_FILE)
        elif earlier is not None and (source.size, source.stamp) != (earlier.size, earlier.stamp):
            upload.end(FileTrouble.CHANGED)
        else:
            self._moves[command.ticket] = upload

    def _fetch(self, command: FetchFile) -> None:
        self._moves[command.ticket] = Download(command, self._disk, self._calls)

    def _pause(self, ticket: int) -> None:
        move = self._moves.get(ticket)
        if move is not None and move.can_stop:
            move.is_paused = True
            self._take_place(move)

    def _drop(self, command: DropFile, now: float, *, is_here: bool) -> None:
        move = self._moves.get(command.ticket)
        if move is not None and move.can_stop:
            self._take_place(move)
            if isinstance(move, Download) and self._fetched(move.note.file) == [move]:
                move.discard()
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
        for move in self._moves.values():
            if move.not_before <= now:
                move.not_before = 0.0
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
                    self.is_unfinished_changed = True
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
            if move.has_place or move.is_paused or move.not_before:
                continue
            if isinstance(move, Upload) or self._may_pull(move):
                return move
        return None

    def _may_pull(self, download: Download) -> bool:
        """Each file is pulled once at a time. One that rests makes room for another."""
        puller = self._pulled.setdefault(download.note.file, download)
        if puller is not download and puller.is_paused and puller.can_stop:
            puller.release()
            puller = self._pulled[download.note.file] = download
        return puller is download

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

    def _fetched(self, file: bytes) -> list[Download]:
        """Those that bring it here: perhaps into several folders."""
        downloads = (move for move in self._moves.values() if isinstance(move, Download))
        return [download for download in downloads if download.note.file == file]

    def next_timer(self) -> float | None:
        """In a session: when something is due."""
        dues = [move.next_timer() for move in self._moves.values()]
        dues += [move.not_before for move in self._moves.values() if move.not_before]
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

    def take_vanishing(self) -> bool:
        """Whether large datagrams never arrive although small ones do. It is told once."""
        return self._supplier.take_vanishing()

    def chunks_due(self, now: float, room: int) -> Iterator[list[bytes]]:
        """What goes after everything else, in datagrams with so many bytes for frames.

        A piece at a time, sent before the next is read: so it stays in the processor's memory.
        """
        for run in self._supplier.frames_due(now, room):
            for upload in self._offered(run.file)[:1]:
                try:
                    plaintexts = upload.chunks(run, room, now)
                except TROUBLES as error:
                    upload.fail(error)
                    self._settle(now, is_here=True)
                else:
                    yield plaintexts

    # --- sessions ---

    def interrupt(self) -> None:
        """The session is gone, and with it whatever was asked in it."""
        self._supplier = Supplier()
        self._unwanted.clear()
        for move in self._moves.values():
            move.interrupt()

    def end(self) -> None:
        """The visit is over. What is here is known to the next one."""
        self._left, self.is_unfinished_changed = self.unfinished(), True
        for move in self._moves.values():
            if isinstance(move, Download):
                move.guard(move.keep)
            move.end(FileTrouble.LEFT)
        self._moves.clear()
        self._pulled.clear()

    # --- what comes ---

    def receive_answer(self, answer: Answer, now: float) -> None:
        """To OFFER. That to DROP says nothing."""
        self.is_unfinished_changed = True  # a draft may have come of it
        for move in self._moves.values():
            if isinstance(move, Upload):
                move.receive_answer(answer, now)

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
                download = self._pulled[want.file]
                download.refuse(want.place, now)
                if download.not_before:
                    self._take_place(download)
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

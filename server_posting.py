"""Drafts on the server: taken in order, decided and written at the end of the turn, answered.

Band: cores. An answer goes out only when the entry it speaks of is on disk.
"""

from collections.abc import Callable, Container
from itertools import islice
from typing import NamedTuple

from protocol import Code
from protocol_frames import Post
from records import BanKind, DraftAnswer, Store
from replication_server import Intake
from server_peer import Peer
from server_people import People
from server_rooms import Rooms
from server_turn import Turn


class _Waiting(NamedTuple):
    """Drafts whose turn has come, with who said them as they were then."""

    peer: Peer
    intake: Intake
    name: str
    drafts: list[Post]


class Posting:
    """Serves POST. ``wake`` says that a peer has something to send."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        people: People,
        turn: Turn,
        *,
        wake: Callable[[Peer], None],
    ) -> None:
        self.posted = 0  # messages since the start
        self._store = store
        self._rooms = rooms
        self._people = people
        self._turn = turn
        self._wake = wake
        self._waiting: list[_Waiting] = []
        self._to_answer: dict[int, Peer] = {}  # by session id, at the end of this turn
        self._authors: dict[tuple[int, int], Peer] = {}

    def receive(self, peer: Peer, post: Post) -> None:
        """Raises PeerError for a POST that cannot be. One of nobody is too late: it is ignored."""
        intake, member = peer.intake, peer.member
        if intake is None or member is None:
            return
        drafts = intake.receive(post)
        last = self._waiting[-1] if self._waiting else None
        if last is not None and last.intake is intake and last.name == member.name:
            last.drafts.extend(drafts)  # what is asked of an author is asked once
        elif drafts:
            self._waiting.append(_Waiting(peer, intake, member.name, drafts))
        self._to_answer[peer.key] = peer

    def write(self, now: float, at: int) -> None:
        """Decides what came in this turn, into the open transaction."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        answers: list[DraftAnswer] = []
        self._turn.when_undone(lambda _: self._refuse(waiting))
        if self._turn.attempt(lambda: self._decide(waiting, answers, at), now):
            self._turn.when_kept(lambda _: self._keep(waiting, answers), is_plain=True)

    def take_authors(self) -> dict[tuple[int, int], Peer]:
        """Whose the entries of this turn are, by their place; known to this turn alone."""
        authors, self._authors = self._authors, {}
        return authors

    @property
    def to_answer(self) -> Container[int]:
        """The sessions that ``send_answers`` will have something for."""
        return self._to_answer

    def send_answers(self) -> None:
        """After the commit: each author gets every answer it may lack, once."""
        peers, self._to_answer = self._to_answer, {}
        for peer in peers.values():
            if peer.intake is not None:
                for frame in peer.intake.answer_frames():
                    peer.session.queue(frame)
                self._wake(peer)

    def _decide(self, waiting: list[_Waiting], answers: list[DraftAnswer], at: int) -> None:
        for peer, intake, name, drafts in waiting:
            forgettable = intake.take_forgettable()
            if forgettable is not None:
                self._store.forget_answers(intake.stream, forgettable)
            mute = self._people.ban_on(BanKind.SPEAK, intake.person, name, peer.host, at)
            for draft in drafts:
                answer = self._rooms.decide(draft, intake, name, is_muted=mute is not None, at=at)
                answers.append(answer)
                if answer.code == Code.OK:
                    self._authors[answer.conversation, answer.number] = peer

    def _keep(self, waiting: list[_Waiting], answers: list[DraftAnswer]) -> None:
        kept = iter(answers)
        for _, intake, _, drafts in waiting:
            for answer in islice(kept, len(drafts)):
                intake.keep_answer(answer)
                self.posted += answer.code == Code.OK

    def _refuse(self, waiting: list[_Waiting]) -> None:
        """Cannot be stored; ``oldest`` in the next POST makes that harmless."""
        self._authors.clear()
        for item in waiting:
            for draft in item.drafts:
                item.intake.refuse(DraftAnswer(draft.draft, Code.DISK_FULL))

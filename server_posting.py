"""Drafts on the server: taken in order, decided, written, answered.

Band: cores. An answer goes out only when the entry it speaks of is on disk.
"""

from collections.abc import Callable
from functools import partial

from protocol import Code, PeerError
from protocol_frames import Post
from records import BanKind, DraftAnswer, Store
from replication_server import Intake
from server_peer import Peer
from server_people import People
from server_rooms import Rooms
from server_turn import Turn


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
        self._authors: dict[tuple[int, int], Peer] = {}

    def take_authors(self) -> dict[tuple[int, int], Peer]:
        """Whose the entries of this turn are, by their place; known to this turn alone."""
        authors, self._authors = self._authors, {}
        return authors

    def receive(self, peer: Peer, post: Post, now: float, at: int) -> None:
        """Raises PeerError for a POST that cannot be."""
        intake, member = peer.intake, peer.member
        if intake is None or member is None:
            raise PeerError("no stream")
        ready = intake.receive(post)
        if not ready:
            if post.draft <= intake.taken:
                self._answer(peer, intake)
            return
        mute = self._people.ban_on(BanKind.SPEAK, member.person, member.name, peer.host, at)
        answers: list[DraftAnswer] = []

        def decide() -> None:
            self._store.forget_answers(intake.stream, intake.oldest)
            for draft in ready:
                answer = self._rooms.decide(
                    draft, intake, member.name, is_muted=mute is not None, at=at
                )
                answers.append(answer)
                if answer.code == Code.OK:
                    self._authors[answer.conversation, answer.number] = peer

        refused = [DraftAnswer(draft.draft, Code.DISK_FULL) for draft in ready]
        self._turn.when_undone(partial(self._refuse, peer, intake, refused))
        if self._turn.attempt(decide, now):
            self._turn.when_kept(partial(self._keep, peer, intake, answers))

    def _keep(self, peer: Peer, intake: Intake, answers: list[DraftAnswer], _: float) -> None:
        self.posted += sum(answer.code == Code.OK for answer in answers)
        for answer in answers:
            intake.keep_answer(answer)
        self._answer(peer, intake)

    def _refuse(self, peer: Peer, intake: Intake, refused: list[DraftAnswer], _: float) -> None:
        """Cannot be stored; ``oldest`` in the next POST makes that harmless."""
        self._authors.clear()
        record = self._store.stream(intake.stream)
        if record is None or peer.intake is None:
            return
        if peer.intake is intake:  # the first refusal of this turn: forget what was not kept
            peer.intake = Intake(intake.stream, record)
        for answer in refused:
            peer.intake.refuse(answer)
        self._answer(peer, peer.intake)

    def _answer(self, peer: Peer, intake: Intake) -> None:
        for frame in intake.answer_frames():
            peer.session.queue(frame)
        self._wake(peer)

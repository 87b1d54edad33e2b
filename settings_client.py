"""What a client keeps in its user's configuration folder: rooms, keys and runs.

Band: words. Reads and writes its own files; knows no session and no window.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class WaitingDraft:
    """Something the user said that the server has not acknowledged yet."""

    draft: int
    conversation: int
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """What a client that was killed needs to go on as the same person, losing nothing."""

    stream: bytes
    token: bytes = field(repr=False)
    person: int
    name: str
    next_draft: int
    waiting: tuple[WaitingDraft, ...]

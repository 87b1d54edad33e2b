"""A visit in a terminal with all that it is connected to: a screen, forms, commands."""

from dataclasses import dataclass, field
from datetime import UTC
from typing import TypeVar

from note_parts import Folder

from client_events import Command, Entered, KeySeen, PeopleReplaced, Say
from client_form import JoinForm
from client_lines import Style
from client_talk import Talk
from conversation import Person, Presence
from settings import ClientOptions, Mode
from texts import Texts

T = TypeVar("T")
KEY = bytes(range(32))
SENT_AT = 1_763_713_969_000  # 08:32 UTC
COMPLETE = ClientOptions(Mode.TERMINAL, ("lab", 8083), "ana", "rahasia")


@dataclass
class Screen:
    """Keeps what was shown and what is asked at the moment."""

    shown: list[tuple[str, Style]] = field(default_factory=list)
    prompt: str = ""
    is_hidden: bool = False

    def show(self, text: str, style: Style) -> None:
        self.shown.append((text, style))

    def ask(self, prompt: str, *, is_hidden: bool) -> None:
        self.prompt, self.is_hidden = prompt, is_hidden

    @property
    def text(self) -> str:
        return "\n".join(text for text, _ in self.shown)


class Visit:
    """A talk with all that it is connected to."""

    def __init__(
        self, options: ClientOptions = COMPLETE, *, is_live: bool = True, language: str = "en"
    ) -> None:
        self.screen = Screen()
        self.forms: list[JoinForm] = []
        self.commands: list[Command] = []
        self.talk = Talk(
            options,
            Texts(language),
            self.screen,
            join=self.forms.append,
            submit=self.commands.append,
            paths=Folder("foto.png"),
            is_live=is_live,
            zone=UTC,
        )
        self.talk.begin()

    def type(self, *lines: str) -> "Visit":
        for line in lines:
            self.talk.take_line(line)
        return self

    def happen(self, *events: object) -> "Visit":
        for event in events:
            self.talk.take_event(event)
        return self

    def enter(self) -> "Visit":
        return self.happen(
            KeySeen(KEY, "Lab", True),
            Entered(1, "ana", "Lab", KEY, False),
            PeopleReplaced((Person(1, "ana", Presence.HERE), Person(2, "budi", Presence.HERE))),
        )

    def is_over(self) -> bool:
        return self.talk.exit_code is not None

    def says(self) -> list[str]:
        return [command.text for command in self.commands if isinstance(command, Say)]


def asked(visit: Visit, kind: type[T]) -> list[T]:
    """Commands of one kind."""
    return [command for command in visit.commands if isinstance(command, kind)]

"""A script's visit with all that it is connected to: lines, forms, commands."""

import json
from typing import Any

from note_parts import Folder

from client_events import Command, Entered, PeopleReplaced, Say
from client_form import JoinForm
from client_json import JsonTalk
from conversation import Person, Presence
from settings import ClientOptions, Mode
from texts import Texts

KEY = bytes(range(32))
SENT_AT = 1_763_713_969_123
OPTIONS = ClientOptions(Mode.JSON, ("lab", 8083), "ana", "rahasia", ("10.0.0.5", 7))


class Script:
    """A talk with all that it is connected to."""

    def __init__(self, options: ClientOptions = OPTIONS) -> None:
        self.written: list[str] = []
        self.forms: list[JoinForm] = []
        self.commands: list[Command] = []
        self.answered = 0
        self.talk = JsonTalk(
            options,
            Texts("en"),
            self.written.append,
            join=self.forms.append,
            submit=self.commands.append,
            paths=Folder("foto.png"),
            answered=self._count,
        )
        self.talk.begin()

    def _count(self) -> None:
        self.answered += 1

    def type(self, *lines: str) -> "Script":
        for line in lines:
            self.talk.take_line(line.encode())
        return self

    def happen(self, *events: object) -> "Script":
        for event in events:
            self.talk.take_event(event)
        return self

    def enter(self) -> "Script":
        return self.happen(
            Entered(1, "ana", "Lab", KEY, False),
            PeopleReplaced((Person(1, "ana", Presence.HERE),)),
        )

    def out(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written]

    def answers(self) -> list[dict[str, Any]]:
        return [line for line in self.out() if "status" in line]

    def events(self) -> list[dict[str, Any]]:
        return [line for line in self.out() if "event" in line]

    def tickets(self) -> list[int]:
        return [command.ticket for command in self.commands if isinstance(command, Say)]

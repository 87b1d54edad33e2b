"""Commands with a password, typed without it: what is asked for, word by word, and what to hide.

Band: cores. Pure. A password that is part of a typed line can be read over a shoulder; the answer
to a question of its own is hidden.
"""

from client_arguments import parse_words, quote
from client_commands import find_command

_QUESTIONS = {  # a key of texts.py, and whether to hide the answer
    "register": (("terminal.ask_user", False), ("terminal.ask_account_password", True)),
    "login": (("terminal.ask_user", False), ("terminal.ask_account_password", True)),
    "addrealm": (
        ("terminal.ask_realm", False),
        ("terminal.ask_realm_address", False),
        ("terminal.ask_realm_port", False),
        ("terminal.ask_realm_password", True),
    ),
    "passwd": (("terminal.ask_old_password", True), ("terminal.ask_new_password", True)),
}
_OPTIONAL = frozenset({"terminal.ask_realm_password"})  # nothing is an answer too


class Asking:
    """One command at a time. Owned by the talk."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._questions: tuple[tuple[str, bool], ...] = ()

    def begin(self, line: str, *, is_live: bool) -> bool:
        """Whether this command lacks words that can be asked for.

        ``is_live``: a person types. A pipe sees no questions: it is asked who somebody is, and for
        no words of a command of which some may be left out.
        """
        word, _, rest = line.partition(" ")
        command = find_command(word) if word.startswith("/") else None
        questions = _QUESTIONS.get(command.name, ()) if command else ()
        try:
            if not is_live and questions and questions[-1][0] in _OPTIONAL:
                return False
            words = parse_words(rest, 0, len(questions) - 1)
        except ValueError:
            return False  # it lacks nothing, or it is not as it must be
        self._words, self._questions = [word, *words], questions
        return True

    @property
    def question(self) -> str:
        """The next one: a key of texts.py."""
        return self._questions[len(self._words) - 1][0]

    @property
    def is_hidden(self) -> bool:
        """Whether its answer is a password."""
        return self._questions[len(self._words) - 1][1]

    @property
    def is_optional(self) -> bool:
        """Whether no answer is one too."""
        return self.question in _OPTIONAL

    def take(self, answer: str) -> str | None:
        """The whole line, as if it had been typed so; None: there is another question."""
        self._words.append(answer if self.is_hidden else answer.strip())
        if len(self._words) <= len(self._questions):
            return None
        word, *arguments = self._words
        return " ".join([word, *map(quote, arguments)])

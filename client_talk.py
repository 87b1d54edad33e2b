"""A visit in a terminal: what is asked, what is shown, what a typed line does.

Band: cores. Pure: lines and events go in; questions, lines to show and commands come out through
the functions it is given. client_terminal.py is the terminal itself.

First it is asked who one is: a name, for a guest, or ``register`` and ``login``, until one of them
succeeds. Whoever has an account is nobody in the room before.
"""

from collections import deque
from collections.abc import Callable
from datetime import tzinfo
from enum import Enum, auto
from functools import partial

from auth import key_groups
from client_arguments import quote
from client_asking import Asking
from client_commands import (
    SECRET_WORDS,
    Answer,
    Ask,
    Do,
    Exit,
    Post,
    ReadInbox,
    first_word,
    interpret,
    refusal_sentence,
)
from client_errands import Errands, Paths
from client_events import (
    ChooseName,
    ChoosePassword,
    Command,
    Connection,
    ConnectionChanged,
    Crashed,
    DraftRefused,
    Ended,
    Entered,
    EntryArrived,
    Found,
    IdentityChanged,
    KeyChanged,
    KeySeen,
    Leave,
    LogIn,
    LogReplaced,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    PeopleReplaced,
    Register,
)
from client_file_events import FileEnded, FileMoved, FileTrouble
from client_form import JoinFailed, JoinForm, Trouble, check_name, trouble_of
from client_lines import (
    Page,
    Screen,
    Style,
    clean,
    exit_code_of,
    key_changed_sentence,
    place_mark,
    tell_trouble,
)
from client_model import ClientModel
from client_progress import Progress
from conversation import EntryKind
from file_words import note_in
from settings import ClientOptions, parse_place
from settings import Exit as ExitCode
from texts import Texts


class _Asked(Enum):
    """What the next line is the answer to."""

    NOTHING = auto()  # not in the room yet, all that is needed is known
    PLACE = auto()
    PASSWORD = auto()
    NAME = auto()  # of a guest; or register, or login
    ACCOUNT = auto()  # logged out: register or login
    ARGUMENT = auto()  # of a command that was typed without it
    DOUBT = auto()  # really say this?
    CHAT = auto()


class Talk:
    """Owned by the main thread. ``exit_code`` is None until the visit is over."""

    def __init__(
        self,
        options: ClientOptions,
        say: Texts,
        screen: Screen,
        *,
        join: Callable[[JoinForm], None],
        submit: Callable[[Command], None],
        paths: Paths,
        is_live: bool = True,
        zone: tzinfo | None = None,
    ) -> None:
        """``is_live``: a person types, so ``exit`` need not wait for what was typed before, and
        what was shown was seen.
        """
        self.exit_code: int | None = None
        self._say = say
        self._screen = screen
        self._join = join
        self._submit = submit
        self._place = options.place
        self._password = options.password
        self._name = options.name
        self._local = options.local or ("", 0)
        self._trusted_key = options.trusted_key
        self._is_live = is_live
        self._model = ClientModel(zone)
        self._inbox = self._model.inbox
        self._errands = Errands(
            self._inbox, say, submit=submit, new_ticket=self._model.new_ticket, paths=paths
        )
        self._progress = Progress(say)
        self._page = Page(screen, self._model, self._inbox, say, submit)
        self._asked = _Asked.NOTHING
        self._lines: deque[str] = deque()  # typed ahead of the question
        self._account_line = _login_line(options)  # as if it had been typed
        self._is_given = bool(self._account_line)
        self._asking = Asking()
        self._wanted: Do | None = None  # to register or log in, once the room wants a name
        self._has_joined = False  # the driver was started
        self._awaits_name = False  # the core does
        self._is_ready = False  # entered, and it is known who is here
        self._is_admitted = False  # and it is settled who we are, and was told
        self._has_tried = False  # to register or log in
        self._is_refused = False  # the last try to register or log in failed
        self._is_hinted = False
        self._is_over = False  # no more input
        self._is_leaving = False
        self._is_told_lost = False
        self._doubtful = ""

    def begin(self) -> None:
        """Asks for what the command line did not say, then joins."""
        if self._place is None:
            self._ask(_Asked.PLACE, "terminal.ask_place")
        elif self._password is None:
            self._ask(_Asked.PASSWORD, "terminal.ask_password")
        elif self._account_line:
            line, self._account_line = self._account_line, ""
            self._take_account(line)
        elif self._name is None:
            self._ask_who()
        elif self._wanted is None and (trouble := check_name(self._name)):
            self._show_trouble(trouble)
            self._ask_who()
        else:
            host, port = self._place
            self._ask(_Asked.NOTHING)
            self._has_joined = True
            self._quiet("terminal.connecting", place=f"{host}:{port}")
            account = _account_of(self._wanted)
            self._join(
                JoinForm(host, port, self._password, self._name, *self._local, account=account)
            )

    # --- lines ---

    def take_line(self, line: str) -> None:
        """What the user typed. It waits while nothing is asked: a pipe knows no questions."""
        is_waiting = self._asked is _Asked.NOTHING or self._errands.is_closed
        if self._is_live and is_waiting and line.strip() == "exit":
            self._leave()
            return
        self._lines.append(line)
        self._go_on()

    def _go_on(self) -> None:
        while (
            self._lines
            and self.exit_code is None
            and not self._is_leaving
            and self._asked is not _Asked.NOTHING
            and not self._errands.is_closed
        ):
            self._take(self._lines.popleft())
        if self._is_over and not self._lines and self.exit_code is None:
            self._end_asking()

    def _take(self, line: str) -> None:
        if line.strip() == "exit" and not self._is_hidden():
            self._leave()
            return
        match self._asked:
            case _Asked.PLACE:
                self._take_place(line)
            case _Asked.PASSWORD:
                self._password = line
                self._resume(ChoosePassword(line))
            case _Asked.NAME:
                self._take_name(line)
            case _Asked.ACCOUNT:
                self._take_choice(line)
            case _Asked.ARGUMENT:
                self._take_argument(line)
            case _Asked.DOUBT:
                self._take_doubt(line)
            case _:
                self._chat(line)

    def _take_place(self, line: str) -> None:
        try:
            self._place = parse_place(line)
        except ValueError as error:
            self._alarm(self._say(str(error), value=line))
        self.begin()

    def _resume(self, command: ChooseName | ChoosePassword) -> None:
        """After a refusal the core waits for the answer; before joining there is no core."""
        if not self._has_joined:
            self.begin()
            return
        self._ask(_Asked.NOTHING)
        self._submit(command)

    def _take_doubt(self, line: str) -> None:
        self._ask(_Asked.CHAT)
        if line.strip().casefold() in self._say("terminal.yes").split():
            self._post(self._doubtful)
        else:
            self._quiet("terminal.not_sent")
        self._doubtful = ""

    # --- who we are ---

    def _take_name(self, line: str) -> None:
        if _is_of_account(line):
            self._take_account(line)
        elif line.startswith("/"):
            self._take_early(line)
        elif trouble := check_name(line):
            self._show_trouble(trouble)
            self._ask_who()
        else:
            self._choose_name(line)

    def _choose_name(self, name: str) -> None:
        self._name = name
        self._awaits_name = False
        self._resume(ChooseName(name))

    def _take_early(self, line: str) -> None:
        """A command before we are anybody: help is there for all."""
        outcome = interpret(line, self._model, self._say)
        if isinstance(outcome, Answer):
            self._show_answer(outcome)
        else:
            self._alarm(self._say("answer.no_session"))

    def _take_choice(self, line: str) -> None:
        if _is_of_account(line):
            self._take_account(line)
        elif not line.strip() or line.startswith("/"):
            self._chat(line)
        else:
            self._alarm(self._say("answer.no_session"))

    def _take_account(self, line: str) -> None:
        """``register`` or ``login``, with or without a slash, as far as it was typed."""
        line = "/" + line.strip().lstrip("/\\")
        if self._begins_questions(line):
            return
        outcome = interpret(line, self._model, self._say)
        assert isinstance(outcome, Do | Answer)  # nothing else is made of these words
        if isinstance(outcome, Do):
            self._become(outcome)
        else:
            self._take_answer(outcome)

    def _become(self, errand: Do) -> None:
        self._has_tried = True
        if self._is_ready or self._awaits_name:
            self._ask(_Asked.NOTHING)
            self._errands.begin(errand, self._take_answer)
        else:
            self._wanted, self._name = errand, ""
            self.begin()

    def _begins_questions(self, line: str) -> bool:
        is_lacking = self._asking.begin(line, is_live=self._is_live)
        if is_lacking:
            self._ask(_Asked.ARGUMENT, self._asking.question)
        return is_lacking

    def _take_argument(self, line: str) -> None:
        is_answer = line.strip() or self._asking.is_optional
        whole = self._asking.take(line) if is_answer else ""
        if whole is None:
            self._ask(_Asked.ARGUMENT, self._asking.question)
            return
        self._ask_who()
        if whole and self._is_admitted:
            self._chat(whole)
        elif whole:
            self._take_account(whole)

    def _take_answer(self, answer: Answer) -> None:
        """Of what was typed before it was settled who we are."""
        self._show_answer(answer)
        self._is_refused = not answer.is_ok
        if self._is_refused and self._is_given and not self._is_live:
            self._end(ExitCode.REFUSED)  # what a pipe goes on with is meant for the room
        elif answer.is_ok and answer.command == "login":
            self._quiet("entered.accepted")
            self._ask(_Asked.NOTHING)
            if self._is_ready:
                self._admit()
        else:
            self._ask_who()

    def _admit(self) -> None:
        self._is_admitted = True
        count = self._model.here_count()
        self._quiet("terminal.room", room=clean(self._model.room_name), count=count)
        self._ask(_Asked.CHAT)
        self._page.show_held_back()

    def _ask_who(self) -> None:
        if self._is_admitted:
            self._ask(_Asked.CHAT)
        elif self._is_ready:
            self._ask(_Asked.ACCOUNT, "terminal.ask_account")
        else:
            if not self._is_hinted:
                self._is_hinted = True
                self._quiet("terminal.name_hint")
            self._ask(
                _Asked.NAME, "terminal.ask_account" if self._has_tried else "terminal.ask_name"
            )

    # --- talking ---

    def _chat(self, line: str) -> None:
        if not line.strip() or (line.startswith("/") and self._begins_questions(line)):
            return
        outcome = interpret(line, self._model, self._say)
        assert not isinstance(outcome, Exit)  # which was looked for before
        if not isinstance(outcome, ReadInbox):  # it shows once more what was shown since
            self._confirm_seen()
        on_answer = self._show_answer if self._is_admitted else self._take_answer
        match outcome:
            case Post(text):
                self._post(text)
            case Ask(text, word):
                self._doubtful = text
                self._ask(_Asked.DOUBT, "terminal.doubt", word=word)
            case Answer() as answer:
                on_answer(answer)
            case errand:
                self._errands.begin(errand, on_answer)

    def _post(self, text: str) -> None:
        self._errands.begin(Post(text), partial(self._take_posted, text))

    def _take_posted(self, text: str, answer: Answer) -> None:
        """A message that was taken is shown as an entry."""
        if not answer.is_ok:
            self._alarm(f"{answer.message} {clean(text)[:80]}")

    def _show_answer(self, answer: Answer) -> None:
        self._screen.show(clean(answer.message), Style.QUIET if answer.is_ok else Style.ALARM)
        self._page.show_list(answer.found or ())

    def _confirm_seen(self) -> None:
        """Whoever types has seen what stands above."""
        if self._is_live:
            self._page.mark_seen()

    def _leave(self) -> None:
        self._is_leaving = True
        if self._has_joined:
            self._submit(Leave())
        else:
            self._end(ExitCode.OK)

    def end_input(self) -> None:
        """Leaves when all that was said is on the server's disk."""
        self._is_over = True
        self._go_on()

    def _end_asking(self) -> None:
        """The input is used up."""
        is_refused = self._is_refused and not self._is_admitted
        if is_refused or self._asked in (_Asked.PLACE, _Asked.PASSWORD, _Asked.NAME):
            self._end(ExitCode.REFUSED if self._has_joined else ExitCode.USAGE)
        elif self._asked is _Asked.ARGUMENT and not self._has_joined:
            self._end(ExitCode.USAGE)
        elif self._is_leaving or self._wanted is not None or not self._errands.is_idle:
            pass  # something is still to come
        elif self._model.has_entered:
            self._leave()

    # --- events ---

    def take_event(self, event: object) -> None:
        """What the core, or the entry point, reports."""
        self._model.apply(event)
        match event:
            case EntryArrived(conversation, number, entry):
                is_told = self._is_admitted or self._errands.is_idle
                show = self._page.show if is_told else self._page.hold_back
                show(Found(conversation, number, entry))
            case DraftRefused(None):  # of an earlier run
                note = note_in(event.text) if event.kind is EntryKind.FILE else None
                text = clean(event.text if note is None else note.name)
                self._alarm(f"{refusal_sentence(event.code, self._say)} {text[:80]}")
            case FileMoved() | FileEnded():
                self._show_file(event)
            case ConnectionChanged():
                self._show_connection(event.connection)
            case IdentityChanged(person=0):
                self._is_admitted = False
                self._ask_who()
            case LogReplaced(conversation):
                place = place_mark(self._inbox.conversation(conversation))
                self._quiet("terminal.log_replaced", place=place or clean(self._model.room_name))
            case Ended() | Crashed() | JoinFailed():
                self._show_end(event)
            case _:
                self._take_entering(event)
        self._errands.take_event(event)
        self._go_on()

    def _take_entering(self, event: object) -> None:
        match event:
            case KeySeen():
                key = "terminal.key_known" if event.is_pinned else "terminal.key"
                self._quiet(key, key=key_groups(event.key))
            case KeyChanged():
                self._alarm(key_changed_sentence(event, self._trusted_key, self._say))
            case PasswordRefused():
                self._show_trouble(trouble_of(event))
                self._ask(_Asked.PASSWORD, "terminal.ask_password")
            case PasswordDelayed():
                self._show_trouble(trouble_of(event))
                self._ask(_Asked.NOTHING)
            case NameRefused() if self._wanted is not None:
                self._awaits_name = True
                errand, self._wanted = self._wanted, None
                self._become(errand)
            case NameRefused():
                self._awaits_name = True
                self._show_trouble(trouble_of(event))
                self._ask_who()
            case Entered():
                self._enter(event)
            case PeopleReplaced() if not self._is_ready:
                self._is_ready = True
                if self._errands.is_idle:  # else we are told who we are by an answer
                    self._admit()
            case _:
                pass

    def _enter(self, event: Entered) -> None:
        self._wanted = None  # the account's session goes on
        if self._errands.is_idle and self._is_admitted == self._is_ready:
            self._quiet("entered.accepted")
            if event.has_returned:
                self._quiet("entered.returned", name=clean(event.name))

    def _show_file(self, event: FileMoved | FileEnded) -> None:
        """What somebody asked for in this visit ends with an answer."""
        if isinstance(event, FileMoved):
            line = self._progress.line(event)
            is_fine = True
        elif self._errands.conversation_of(event.ticket) is None:
            line = self._progress.end(event)
            is_fine = event.trouble in (None, FileTrouble.LEFT)
        else:
            self._progress.forget(event.ticket)
            return
        if line is not None and self._is_admitted:
            self._screen.show(clean(line), Style.QUIET if is_fine else Style.ALARM)

    def _show_connection(self, connection: Connection) -> None:
        if connection is Connection.LOST:
            self._is_told_lost = True
            self._quiet("terminal.lost")
        elif connection is Connection.HERE and self._is_told_lost:
            self._is_told_lost = False
            self._quiet("terminal.back")

    def _show_end(self, event: Ended | Crashed | JoinFailed) -> None:
        self._show_trouble(trouble_of(event))
        self._end(exit_code_of(event))

    # --- the screen ---

    def _show_trouble(self, trouble: Trouble | None) -> None:
        if trouble is not None:
            self._alarm(tell_trouble(trouble, self._model, self._say))

    def _quiet(self, key: str, /, **fields: object) -> None:
        self._screen.show(self._say(key, **fields), Style.QUIET)

    def _alarm(self, text: str) -> None:
        self._screen.show(text, Style.ALARM)

    def _ask(self, asked: _Asked, key: str = "", /, **fields: object) -> None:
        self._asked = asked
        prompt = self._say(key, **fields) if key else "> " if asked is _Asked.CHAT else ""
        self._screen.ask(prompt, is_hidden=self._is_hidden())

    def _is_hidden(self) -> bool:
        is_password = self._asked is _Asked.ARGUMENT and self._asking.is_hidden
        return is_password or self._asked is _Asked.PASSWORD

    def _end(self, exit_code: int) -> None:
        if exit_code == ExitCode.OK:
            self._quiet("left.closed")
        self.exit_code = exit_code


def _is_of_account(line: str) -> bool:
    return first_word(line).lstrip("/\\") in SECRET_WORDS


def _account_of(errand: Do | None) -> str:
    request = errand.request if errand else None
    return request.name if isinstance(request, Register | LogIn) else ""


def _login_line(options: ClientOptions) -> str:
    """What the command line said, as it would be typed."""
    words = [word for word in (options.account, options.account_password) if word is not None]
    return " ".join(["login", *map(quote, words)]) if options.account is not None else ""

"""Joining in the window: from the form to being in the room, and back to the form at the end.

Band: adapters. Between what the core says on the way in and the join view, which may be built anew
meanwhile. What is wrong stands beside its field.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from client_answers import answer_for
from client_chatting import Chatting
from client_events import (
    Answered,
    ChooseName,
    ChoosePassword,
    Crashed,
    Ended,
    EndReason,
    Entered,
    IdentityChanged,
    KeyChanged,
    KeySeen,
    LogIn,
    NameRefused,
    PasswordDelayed,
    PasswordRefused,
    Register,
)
from client_form import (
    JoinFailed,
    JoinForm,
    Trouble,
    Typed,
    Way,
    account_request,
    check,
    check_identity,
    check_name,
    field_of,
    trouble_of,
    trouble_sentence,
)
from client_join import JoinActions, JoinView
from client_rows import day_label, key_text
from client_surroundings import Surroundings


class Stage(Protocol):
    """The window, as far as joining is concerned."""

    chatting: Chatting

    def show_join(self) -> JoinView: ...
    def show_chat(self) -> None: ...
    def begin_visit(self) -> None: ...  # nothing of an earlier one stays
    def is_chatting(self) -> bool: ...


class Joining:
    """``typed``: the form as it was sent last."""

    def __init__(
        self,
        around: Surroundings,
        stage: Stage,
        typed: Typed,
        *,
        on_join: Callable[[JoinForm], None],
        on_cancel: Callable[[], None],
        on_settings: Callable[[], None],
    ) -> None:
        self._around = around
        self._stage = stage
        self._on_join, self._on_cancel = on_join, on_cancel
        self.typed = typed
        self.is_visiting = False  # a core runs for us
        self.ends_awaited = 0  # of visits that were cancelled: what they still say is ignored
        self._wants_account = False  # the core is to be told which, once it asks for a name
        self.actions = JoinActions(
            join=self.join,
            identify=self._identify,
            take_name=self._take_name,
            try_password=self._try_password,
            trust=self.join,
            cancel=self._cancel,
            settings=on_settings,
        )

    # --- what the user does ---

    def join(self, typed: Typed, trusted_key: bytes | None = None) -> None:
        """The button was pressed; ``trusted_key``: after a look at a new one."""
        self.typed = typed
        view = self._stage.show_join()
        form = check(typed, trusted_key)
        if isinstance(form, list):
            view.show_troubles(form, [self._sentence(trouble) for trouble in form])
            return
        self._stage.begin_visit()
        self.is_visiting = True
        self._wants_account = typed.way is not Way.GUEST
        view.show_busy()
        self._on_join(form)

    def _take_name(self, name: str) -> None:
        view = self._stage.show_join()
        trouble = check_name(name)
        if trouble is not None:
            view.ask_again(trouble, self._sentence(trouble))
            return
        view.show_busy()
        self._around.submit(ChooseName(name))

    def _try_password(self, password: str) -> None:
        self.typed = replace(self.typed, password=password)
        self._stage.show_join().show_busy()
        self._around.submit(ChoosePassword(password))

    def _cancel(self) -> None:
        if self.is_visiting:
            self.is_visiting = False
            self.ends_awaited += 1
            self._on_cancel()
        view = self._stage.show_join()
        view.show_form()
        view.focus_first()

    # --- an account ---

    def _identify(self, typed: Typed) -> None:
        """Who one is, to the server that is there already."""
        self.typed = typed
        view = self._stage.show_join()
        troubles = check_identity(typed)
        if troubles:
            view.ask_who([(one.field, self._sentence(one)) for one in troubles])
            return
        view.show_busy()
        self._ask_account(account_request(typed, typed.way))

    def _ask_account(self, request: Register | LogIn) -> None:
        self._wants_account = False

        def end(answered: Answered) -> None:
            answer = answer_for(request, answered, self._around.say)
            if answer.is_ok and isinstance(request, Register):
                self._ask_account(LogIn(0, request.name, request.password))
            elif not answer.is_ok and not self._stage.is_chatting():
                view = self._stage.show_join()
                view.ask_who([(field_of(request, answered), answer.message)])

        self._stage.chatting.tickets.ask(request, end)

    # --- events ---

    def take(self, event: object, *, was_here: bool) -> None:
        """What the core says, after the model took it. ``was_here``: before this event."""
        match event:
            case Ended() | JoinFailed() | Crashed():
                self._back_to_join(event)
            case KeyChanged():
                self._stop_at_key(event)
            case KeySeen() | NameRefused() | PasswordRefused() | PasswordDelayed():
                self._take_entering(event)
            case Entered():
                self._enter(event, was_here=was_here)
            case IdentityChanged():
                self._change(event)
            case _:
                pass

    def _take_entering(
        self, event: KeySeen | NameRefused | PasswordRefused | PasswordDelayed
    ) -> None:
        view = self._stage.show_join()
        if isinstance(event, KeySeen):
            if not event.is_pinned:
                view.show_first_key(event.key)
            return
        if isinstance(event, NameRefused) and self.typed.way is not Way.GUEST:
            self._take_question(view)
            return
        trouble = trouble_of(event)
        if isinstance(event, PasswordDelayed):
            view.show_wait(event.wait)
        elif trouble is not None:
            view.ask_again(trouble, self._sentence(trouble))

    def _take_question(self, view: JoinView) -> None:
        """The core asks who one is: for the first time, or since the session died elsewhere."""
        if self._wants_account:
            self._ask_account(account_request(self.typed, self.typed.way))
        else:
            view.ask_who(note=self._around.say("account.logged_out"))
            view.focus_first()

    def _enter(self, event: Entered, *, was_here: bool) -> None:
        model, say = self._stage.chatting.model, self._around.say
        self._wants_account = False
        if not was_here:
            if model.is_first_time and model.server_key is not None:
                model.add_notice(say("key.first", key=key_text(model.server_key)))
            if event.has_returned:
                model.add_notice(say("entered.returned", name=event.name))
            model.add_notice(say("entered.accepted"))
        if self.typed.way is Way.GUEST:
            self.typed = replace(self.typed, name=event.name)
        model.levels = self._around.folder.levels(event.server_key)
        self._stage.show_chat()

    def _change(self, event: IdentityChanged) -> None:
        """Whoever has logged out is asked who they are."""
        if event.is_account:
            self.typed = replace(self.typed, way=Way.LOG_IN, user=event.name)
        if event.person == 0 and self._stage.chatting.model.has_entered:
            self.typed = replace(self.typed, account_password="", again="")
            view = self._stage.show_join()
            view.ask_who(note=self._around.say("account.logged_out"))
            view.focus_first()

    def _back_to_join(self, event: Ended | JoinFailed | Crashed) -> None:
        if isinstance(event, Ended) and event.reason is EndReason.KEY_CHANGED:
            return  # KeyChanged told it
        was_chatting = self._stage.is_chatting()
        view = self._stage.show_join()
        self._stage.begin_visit()
        trouble = trouble_of(event)
        if trouble is None:
            view.show_form(self._around.say("join.left") if was_chatting else "")
        else:
            view.show_troubles([trouble], [self._sentence(trouble)])

    def _stop_at_key(self, event: KeyChanged) -> None:
        view = self._stage.show_join()
        self._stage.begin_visit()
        place = f"{self.typed.host}:{self.typed.port}"
        view.show_key_changed(place, event.pinned_key, event.key)

    def _sentence(self, trouble: Trouble) -> str:
        until = ""
        if trouble.until:
            model = self._stage.chatting.model
            today = model.day_of(self._around.wall_clock())
            day = day_label(model.day_of(trouble.until), today, self._around.say)
            until = f"{day}, {model.time_of(trouble.until)}"
        return trouble_sentence(trouble, self._around.say, until)

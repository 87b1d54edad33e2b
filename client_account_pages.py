"""The account in the chat window: its page, and the dialogs to log in, register and change things.

Band: adapters. Each form becomes a request; why it was refused stands beside its field.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from client_account_dialogs import AccountContent, AccountDialog, Asked, FormDialog
from client_answers import answer_for
from client_chatting import Chatting
from client_events import Answered, ChangeName, ChangePassword, LogIn, LogOut, Register, Request
from client_form import (
    JoinField,
    Trouble,
    check_account,
    check_name,
    check_password,
    field_of,
    trouble_sentence,
)
from client_surroundings import Surroundings

_Values = Mapping[JoinField, str]


class AccountPages:
    """One visit's."""

    def __init__(self, around: Surroundings, chatting: Chatting) -> None:
        self._around = around
        self._chatting = chatting

    def open(self) -> None:
        """Who one is, and what can be done about it."""
        around, say = self._around, self._around.say
        inbox = self._chatting.model.inbox
        content = AccountContent(
            inbox.my_name, inbox.me, inbox.is_account, self._chatting.model.token
        )
        choices: list[tuple[str, Callable[[], None]]] = [
            (say("account.log_in"), self.open_log_in),
            (say("account.register"), self.open_register),
            (say("account.change_name"), self.open_change_name),
        ]
        if inbox.is_account:
            choices = [
                (say("account.change_password"), self.open_change_password),
                (say("account.log_out"), self.log_out),
            ]
        dialog = AccountDialog(
            around.root, around.look, say, content, choices, on_close=self._closed
        )
        around.open(dialog)

    def open_log_in(self) -> None:
        """As an account; the room sees one renaming."""
        fields = [
            Asked(JoinField.USER, "account.user"),
            Asked(JoinField.ACCOUNT_PASSWORD, "account.password", is_secret=True),
        ]

        def check(values: _Values) -> Request | list[Trouble]:
            user, password = values[JoinField.USER], values[JoinField.ACCOUNT_PASSWORD]
            return check_account(user, password) or LogIn(0, user, password)

        self._open_form("account.log_in", fields, check, self._logged_in)

    def open_register(self) -> None:
        """An account of one's own; with it one is logged in at once."""
        name = self._chatting.model.my_name
        fields = [
            Asked(JoinField.USER, "account.user", value=name),
            Asked(JoinField.ACCOUNT_PASSWORD, "account.password", is_secret=True),
            Asked(JoinField.AGAIN, "account.again", is_secret=True),
            Asked(JoinField.FULL_NAME, "account.full_name"),
            Asked(JoinField.COUNTRY, "account.country"),
        ]

        def check(values: _Values) -> Request | list[Trouble]:
            user, password = values[JoinField.USER], values[JoinField.ACCOUNT_PASSWORD]
            country, full_name = values[JoinField.COUNTRY], values[JoinField.FULL_NAME]
            troubles = check_account(user, password, values[JoinField.AGAIN])
            return troubles or Register(0, user, password, country.strip(), full_name.strip())

        hint = "account.register_hint"
        self._open_form("account.register", fields, check, self._registered, hint=hint)

    def open_change_password(self) -> None:
        """All other devices are logged out by it."""
        fields = [
            Asked(JoinField.OLD_PASSWORD, "account.old_password", is_secret=True),
            Asked(JoinField.ACCOUNT_PASSWORD, "account.new_password", is_secret=True),
            Asked(JoinField.AGAIN, "account.again", is_secret=True),
        ]

        def check(values: _Values) -> Request | list[Trouble]:
            new = values[JoinField.ACCOUNT_PASSWORD]
            troubles = check_password(new, values[JoinField.AGAIN])
            return troubles or ChangePassword(0, values[JoinField.OLD_PASSWORD], new)

        hint = "account.password_hint"
        self._open_form("account.change_password", fields, check, self._tell, hint=hint)

    def open_change_name(self) -> None:
        """Of a guest."""
        fields = [Asked(JoinField.NAME, "join.name", value=self._chatting.model.my_name)]

        def check(values: _Values) -> Request | list[Trouble]:
            trouble = check_name(values[JoinField.NAME])
            return [trouble] if trouble else ChangeName(0, values[JoinField.NAME])

        self._open_form("account.change_name", fields, check, self._tell)

    def log_out(self) -> None:
        """The window asks then who one is."""
        self._around.close_dialog()
        request = LogOut(0)

        def end(answered: Answered) -> None:
            if self._chatting.model.me:  # else the join window tells it
                self._tell(request, answered)

        self._chatting.tickets.ask(request, end)

    # --- forms ---

    def _open_form(
        self,
        title: str,
        fields: Sequence[Asked],
        check: Callable[[_Values], Request | list[Trouble]],
        done: Callable[[Request, Answered], None],
        *,
        hint: str = "",
    ) -> None:
        around, say = self._around, self._around.say

        def submit(values: _Values) -> None:
            checked = check(values)
            if isinstance(checked, list):
                dialog.show_troubles({one.field: trouble_sentence(one, say, "") for one in checked})
                return
            dialog.show_busy()
            self._chatting.tickets.ask(checked, partial(end, checked))

        def end(request: Request, answered: Answered) -> None:
            answer = answer_for(request, answered, say)
            is_open = around.dialog is dialog
            if answer.is_ok:
                if is_open:
                    around.close_dialog()
                done(request, answered)
            elif is_open:
                dialog.show_troubles({field_of(request, answered): answer.message})

        dialog = FormDialog(
            around.root,
            around.look,
            say,
            say(title),
            say(title),
            fields,
            hint=say(hint) if hint else "",
            on_submit=submit,
            on_close=self._closed,
        )
        around.open(dialog)

    def _tell(self, request: Request, answered: Answered) -> None:
        answer = answer_for(request, answered, self._around.say)
        self._chatting.model.add_notice(answer.message)
        self._around.refresh()

    def _registered(self, request: Request, answered: Answered) -> None:
        self._tell(request, answered)
        if isinstance(request, Register):
            login = LogIn(0, request.name, request.password)
            self._chatting.tickets.ask(login, partial(self._logged_in, login))

    def _logged_in(self, request: Request, answered: Answered) -> None:
        """The token stands on the account's page, not among the messages."""
        if answer_for(request, answered, self._around.say).is_ok:
            name = self._chatting.model.my_name
            self._chatting.model.add_notice(self._around.say("account.logged_in", name=name))
            self._around.refresh()
        else:
            self._tell(request, answered)

    def _closed(self) -> None:
        self._around.forget_dialog()
        if self._chatting.view is not None:
            self._chatting.view.composer.text.focus_set()

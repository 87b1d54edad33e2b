"""What can be done with another realm in the chat window: add one, write there, join, read.

Band: adapters. Each choice becomes a command, or leads to a conversation.
"""

from collections.abc import Mapping
from functools import partial

from auth import fold_name
from client_account_dialogs import Asked, FormDialog
from client_answers import answer_for
from client_chatting import Chatting
from client_events import Answered, JoinGroup, OpenPrivate
from client_form import (
    DEFAULT_PORT,
    JoinField,
    check_realm,
    realm_trouble,
    trouble_sentence,
)
from client_menus import reach
from client_pick_dialogs import Option, PickDialog
from client_realm_events import AddRealm
from client_surroundings import Surroundings
from realms import at_realm, split_realm
from widgets_lists import make_menu, pop_up


class RealmMenus:
    """One visit's."""

    def __init__(self, around: Surroundings, chatting: Chatting) -> None:
        self._around = around
        self._chatting = chatting

    def open_menu(self, realm: str, x: int, y: int) -> None:
        """What can be done with one."""
        around, say = self._around, self._around.say
        menu = make_menu(around.root, around.look)
        write, join = partial(self.open_write_dialog, realm), partial(self.open_join_dialog, realm)
        menu.add_command(label=say("realm.write"), command=write)
        menu.add_command(label=say("realm.join_group"), command=join)
        menu.add_separator()
        read = partial(self._chatting.read_inbox, realm)
        menu.add_command(label=say("realm.inbox"), command=read)
        pop_up(menu, x, y)

    # --- somebody, or a group, there ---

    def open_write_dialog(self, realm: str) -> None:
        """To whom? Those who were met here, or whoever has the name that is written."""
        names: list[str] = []
        around, say = self._around, self._around.say

        def show(text: str) -> None:
            known = map(split_realm, self._chatting.model.strangers)
            wanted = fold_name(text.strip())
            there = [name for name, home in known if fold_name(home) == fold_name(realm)]
            names[:] = sorted((name for name in there if wanted in fold_name(name)), key=fold_name)
            options = [self._option(name, realm) for name in names]
            is_exact = [fold_name(name) for name in names[:1]] == [wanted]
            dialog.show(options, say("realm.nobody"), is_first_chosen=is_exact)

        def write(name: str) -> None:
            local = name.strip().removesuffix(f"@{realm}")
            request = OpenPrivate(0, at_realm(local, realm))
            reach(self._around, self._chatting, dialog, request)

        dialog = PickDialog(
            around.root,
            around.look,
            say,
            say("realm.write_title", realm=realm),
            say("realm.to_whom"),
            on_write=show,
            on_pick=lambda place: write(names[place]),
            on_name=write,
            on_close=self._closed,
        )
        show("")
        around.open(dialog)

    def _option(self, name: str, realm: str) -> Option:
        person = self._chatting.model.strangers.get(at_realm(name, realm), 0)
        detail = self._around.say("realm.of", realm=realm)
        return Option(name, detail, self._around.look.person_colour(person))

    def open_join_dialog(self, realm: str) -> None:
        """Which group? Its realm lists none."""
        say = self._around.say

        def submit(values: Mapping[JoinField, str]) -> None:
            name = values[JoinField.GROUP].strip().removesuffix(f"@{realm}")
            request = JoinGroup(0, at_realm(name, realm))
            dialog.show_busy()
            reach(self._around, self._chatting, dialog, request)

        dialog = FormDialog(
            self._around.root,
            self._around.look,
            say,
            say("realm.join_title", realm=realm),
            say("realm.join"),
            [Asked(JoinField.GROUP, "group.name")],
            on_submit=submit,
            on_close=self._closed,
        )
        self._around.open(dialog)

    # --- another one ---

    def open_add_dialog(self) -> None:
        """Where is it, and what shall it be called?"""
        say = self._around.say

        def submit(values: Mapping[JoinField, str]) -> None:
            name, host, port = (values[asked.field].strip() for asked in fields[:-1])
            password = values[JoinField.PASSWORD]
            troubles = check_realm(name, host, port)
            if troubles:
                dialog.show_troubles(
                    {trouble.field: trouble_sentence(trouble, say, "") for trouble in troubles}
                )
                return
            request = AddRealm(0, name, host, int(port), password or None)
            dialog.show_busy()
            self._chatting.tickets.ask(request, partial(end, request))

        def end(request: AddRealm, answered: Answered) -> None:
            is_open = self._around.dialog is dialog
            answer = answer_for(request, answered, say)
            trouble = realm_trouble(answered)
            if answer.is_ok:
                if is_open:
                    self._around.close_dialog()
                self._chatting.model.add_notice(answer.message)
                self._chatting.to_newest()
            elif is_open and trouble is not None:
                dialog.show_troubles({trouble.field: trouble_sentence(trouble, say, "")})
            elif is_open:
                dialog.show_troubles({JoinField.FORM: answer.message})

        fields = [
            Asked(JoinField.REALM, "realm.name"),
            Asked(JoinField.HOST, "join.host"),
            Asked(JoinField.PORT, "join.port", str(DEFAULT_PORT)),
            Asked(JoinField.PASSWORD, "realm.password", is_secret=True),
        ]
        dialog = FormDialog(
            self._around.root,
            self._around.look,
            say,
            say("realm.add_title"),
            say("realm.add"),
            fields,
            hint=say("realm.add_hint"),
            on_submit=submit,
            on_close=self._closed,
        )
        self._around.open(dialog)

    def _closed(self) -> None:
        self._around.forget_dialog()
        if self._chatting.view is not None:
            self._chatting.view.composer.text.focus_set()

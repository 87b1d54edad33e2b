"""What pops up in the chat window: menus of conversations and people, dialogs to go somewhere.

Band: adapters. Each choice becomes a command, or leads to a conversation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from auth import fold_name
from client_account_dialogs import Asked, FormDialog
from client_answers import answer_for
from client_chatting import Chatting
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    FindPeople,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    OpenPrivate,
    Request,
)
from client_form import JoinField, field_of
from client_overview import conversation_name
from client_pick_dialogs import Option, PickDialog
from client_rows import count_text
from client_surroundings import Surroundings
from conversation import ROOM, ConversationKind
from realms import split_realm
from settings_client import Notify
from widgets_lists import make_menu, pop_up
from widgets_look import name_number

_FIND_MS = 150  # without a key, after which accounts are asked for
_LEVELS = (Notify.ALL, Notify.MENTIONS, Notify.NONE)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the jump dialog can lead: a conversation, or somebody to write to."""

    name: str
    conversation: int | None
    person: int


class Menus:
    """One visit's."""

    def __init__(self, around: Surroundings, chatting: Chatting) -> None:
        self._around = around
        self._chatting = chatting
        self._timer: str | None = None
        self._find_ticket = 0

    # --- menus ---

    def open_conversation_menu(self, conversation: int, x: int, y: int) -> None:
        """What can be done with a conversation as a whole."""
        around, model, say = self._around, self._chatting.model, self._around.say
        known = model.inbox.conversation(conversation)
        if known is None:
            return
        menu = make_menu(around.root, around.look)
        level = model.level(conversation)
        menu.add_command(label=say("notify.title"), state="disabled")
        for choice in _LEVELS:
            mark = "●  " if choice is level else "○  "
            words = mark + say(f"notify.{choice.value}")
            menu.add_command(label=words, command=partial(self._set_level, conversation, choice))
        if known.kind is not ConversationKind.ROOM:
            menu.add_separator()
            copy = partial(self._copy, known.name)
            menu.add_command(label=say("person.copy_name"), command=copy)
        if known.kind is ConversationKind.GROUP:
            leave = partial(self._leave_group, known.name)
            menu.add_command(label=say("group.leave"), command=leave)
        pop_up(menu, x, y)

    def open_menu_here(self, x: int, y: int) -> None:
        """Of the conversation that is shown."""
        self.open_conversation_menu(self._chatting.model.chosen, x, y)

    def open_person_menu(self, name: str, x: int, y: int) -> None:
        """What can be done about somebody."""
        around, say = self._around, self._around.say
        menu = make_menu(around.root, around.look)
        if fold_name(name) != fold_name(self._chatting.model.my_name):
            write = partial(self._chatting.open_private, name)
            menu.add_command(label=say("person.message"), command=write)
            menu.add_command(label=say("person.mention"), command=partial(self._mention, name))
        menu.add_command(label=say("person.copy_name"), command=partial(self._copy, name))
        pop_up(menu, x, y)

    def open_add_menu(self, kind: ConversationKind, x: int, y: int) -> None:
        """The plus beside groups, or beside private conversations."""
        if kind is ConversationKind.PRIVATE:
            self.open_private_dialog()
            return
        around, say = self._around, self._around.say
        menu = make_menu(around.root, around.look)
        menu.add_command(label=say("group.new"), command=self.open_group_dialog)
        menu.add_command(label=say("group.join"), command=self.open_join_dialog)
        pop_up(menu, x, y)

    def _set_level(self, conversation: int, level: Notify) -> None:
        model, folder = self._chatting.model, self._around.folder
        model.levels = {**model.levels, conversation: level}
        if model.server_key is not None:
            try:
                folder.save_level(model.server_key, conversation, level)
            except OSError as error:
                sentence = self._around.say("settings.not_saved", reason=error)
                model.add_notice(sentence)
        self._around.refresh()

    def _mention(self, name: str) -> None:
        if self._chatting.view is not None:
            self._chatting.view.composer.mention(name)

    def _copy(self, text: str) -> None:
        self._around.root.clipboard_clear()
        self._around.root.clipboard_append(text)

    def _leave_group(self, name: str) -> None:
        request = LeaveGroup(0, name)
        self._chatting.tickets.ask(request, partial(self._left, request))

    def _left(self, request: Request, answered: Answered) -> None:
        """In the room, which is shown then."""
        answer = answer_for(request, answered, self._around.say)
        self._chatting.model.add_notice(answer.message)
        self._around.refresh()

    # --- dialogs to go somewhere ---

    def open_jump_dialog(self) -> None:
        """To any conversation, or anybody present."""
        places: list[_Place] = []

        def show(text: str) -> None:
            places[:] = self._places(text)
            dialog.show(self._options(places), self._around.say("jump.none"), is_first_chosen=True)

        def pick(place: int) -> None:
            chosen = places[place]
            self._around.close_dialog()
            if chosen.conversation is None:
                self._chatting.open_private(chosen.name)
            else:
                self._chatting.open(chosen.conversation)

        dialog = self._pick_dialog("jump.title", "jump.caption", show, pick, lambda _: None)
        show("")
        self._around.open(dialog)

    def _places(self, text: str) -> list[_Place]:
        """Conversations first, then people without one, as far as their names hold the text."""
        model, say = self._chatting.model, self._around.say
        known = list(model.inbox.conversations())
        places = [_Place(conversation_name(one, say), one.number, one.person) for one in known]
        written_to = {one.person for one in known} | {model.me}
        people = sorted(model.people.values(), key=lambda one: fold_name(one.name))
        places += [
            _Place(one.name, None, one.person) for one in people if one.person not in written_to
        ]
        wanted = fold_name(text.strip())
        known_names = {place.name for place in places}
        places += [
            _Place(name, None, person)
            for name, person in sorted(model.strangers.items())
            if name not in known_names
        ]
        found = [place for place in places if wanted in fold_name(place.name)]
        found.sort(key=lambda place: not fold_name(place.name).startswith(wanted))
        return found

    def _options(self, places: Sequence[_Place]) -> list[Option]:
        model, look, say = self._chatting.model, self._around.look, self._around.say
        options = []
        for place in places:
            realm = split_realm(place.name)[1]
            detail = say("realm.of", realm=realm) if realm else say("person.here")
            colour = look.person_colour(place.person)
            if place.conversation is not None:
                known = model.inbox.conversation(place.conversation)
                kind = known.kind if known else ConversationKind.ROOM
                unread = len(model.unread_in(place.conversation))
                new = say("jump.unread", count=count_text(unread)) if unread else ""
                detail = new or say(f"jump.{kind.name.lower()}")
                colour = look.person_colour(place.person or name_number(place.name))
            if place.conversation == ROOM:
                colour = look.colours.own
            options.append(Option(place.name, detail, colour))
        return options

    def open_private_dialog(self) -> None:
        """With whom? Those present, and accounts whose names begin with what is written."""
        names: list[str] = []
        accounts: set[str] = set()
        model, say = self._chatting.model, self._around.say

        def show(text: str) -> None:
            wanted = fold_name(text.strip())
            here = {one.name for one in model.people.values() if one.person != model.me}
            mine = fold_name(model.my_name)
            found = {name for name in here | accounts if wanted in fold_name(name)}
            names[:] = sorted((n for n in found if fold_name(n) != mine), key=fold_name)
            options = [
                Option(name, say("person.here") if name in here else say("person.account"), colour)
                for name in names
                for colour in (self._around.look.person_colour(self._person_of(name)),)
            ]
            dialog.show(options, say("private.nobody"), is_first_chosen=bool(wanted))

        def write(text: str) -> None:
            show(text)
            self._find_later(text.strip(), take)

        def take(found: Sequence[str]) -> None:
            accounts.update(found)
            show(dialog.field.value)

        def open_with(name: str) -> None:
            request = OpenPrivate(0, name)
            reach(self._around, self._chatting, dialog, request)

        dialog = self._pick_dialog(
            "private.title", "private.caption", write, lambda at: open_with(names[at]), open_with
        )
        write("")
        self._around.open(dialog)

    def _person_of(self, name: str) -> int:
        people = self._chatting.model.people.values()
        return next((one.person for one in people if one.name == name), name_number(name))

    def _find_later(self, prefix: str, take: Callable[[Sequence[str]], None]) -> None:
        root = self._around.root
        if self._timer is not None:
            root.after_cancel(self._timer)
        self._timer = root.after(_FIND_MS, self._find, prefix, take)

    def _find(self, prefix: str, take: Callable[[Sequence[str]], None]) -> None:
        self._timer = None
        if self._around.dialog is None:
            return

        def found(answered: Answered) -> None:
            if isinstance(answered.result, tuple) and self._around.dialog is not None:
                take([str(name) for name in answered.result])

        tickets = self._chatting.tickets
        tickets.forget(self._find_ticket)
        self._find_ticket = tickets.ask(FindPeople(0, prefix), found)

    def open_join_dialog(self) -> None:
        """Which group? Those there are."""
        groups: list[GroupInfo] = []
        shown: list[GroupInfo] = []
        is_known: list[bool] = []
        say, look = self._around.say, self._around.look

        def show(text: str) -> None:
            wanted = fold_name(text.strip())
            shown[:] = [one for one in groups if wanted in fold_name(one.name)]
            options = [
                Option(
                    one.name,
                    say("group.joined") if one.is_member else self._count(one.members),
                    look.person_colour(name_number(one.name)),
                )
                for one in shown
            ]
            note = say("group.none" if is_known else "search.busy")
            dialog.show(options, note, is_first_chosen=bool(wanted))

        def take(answered: Answered) -> None:
            is_known.append(True)
            result = answered.result if isinstance(answered.result, tuple) else ()
            groups[:] = [one for one in result if isinstance(one, GroupInfo)]
            if self._around.dialog is dialog:
                show(dialog.field.value)

        def join(name: str) -> None:
            request = JoinGroup(0, name)
            reach(self._around, self._chatting, dialog, request)

        dialog = self._pick_dialog(
            "group.join_title", "group.name", show, lambda at: join(shown[at].name), join
        )
        show("")
        self._around.open(dialog)
        self._chatting.tickets.ask(AskGroups(0), take)

    def _count(self, members: int) -> str:
        key = "group.one_member" if members == 1 else "group.members"
        return self._around.say(key, count=members)

    def _pick_dialog(
        self,
        title: str,
        caption: str,
        on_write: Callable[[str], None],
        on_pick: Callable[[int], None],
        on_name: Callable[[str], None],
    ) -> PickDialog:
        around = self._around
        return PickDialog(
            around.root,
            around.look,
            around.say,
            around.say(title),
            around.say(caption),
            on_write=on_write,
            on_pick=on_pick,
            on_name=on_name,
            on_close=self._closed,
        )

    def open_group_dialog(self) -> None:
        """What shall it be called?"""
        around, say = self._around, self._around.say

        def submit(values: Mapping[JoinField, str]) -> None:
            request = AddGroup(0, values[JoinField.GROUP].strip())
            dialog.show_busy()
            reach(self._around, self._chatting, dialog, request)

        dialog = FormDialog(
            around.root,
            around.look,
            say,
            say("group.new_title"),
            say("group.create"),
            [Asked(JoinField.GROUP, "group.name")],
            hint=say("group.hint"),
            on_submit=submit,
            on_close=self._closed,
        )
        around.open(dialog)

    def _closed(self) -> None:
        self._around.forget_dialog()
        if self._chatting.view is not None:
            self._chatting.view.composer.text.focus_set()


def reach(
    around: Surroundings,
    chatting: Chatting,
    dialog: PickDialog | FormDialog,
    request: OpenPrivate | AddGroup | JoinGroup,
) -> None:
    """Asks, and leads there, or says beside the field why not, if the dialog is still open. One's
    own group can be opened too.
    """

    def end(answered: Answered) -> None:
        is_open = around.dialog is dialog
        if isinstance(answered.result, int):
            if is_open:
                around.close_dialog()
            chatting.open(answered.result)
        elif is_open:
            sentence = answer_for(request, answered, around.say).message
            if isinstance(dialog, PickDialog):
                dialog.show_error(sentence)
            else:
                dialog.show_troubles({field_of(request, answered): sentence})

    chatting.tickets.ask(request, end)

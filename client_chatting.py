"""Chatting in the window: what is written goes out, what comes is shown, read and searched.

Band: adapters. Between the model and the chat view, for one visit; the view may be built anew
meanwhile. Menus and dialogs are the matter of client_menus.py.
"""

from functools import partial

from client_answers import answer_for
from client_chat import ChatView
from client_commands import Answer, Ask, Do, Exit, Post, ReadInbox, interpret
from client_errands import Errands
from client_events import (
    AddGroup,
    Answered,
    AskLacking,
    AskMembers,
    Command,
    ConversationChanged,
    ConversationGone,
    EntryArrived,
    Found,
    JoinGroup,
    LackingTold,
    Leave,
    LogReplaced,
    OlderArrived,
    OpenPrivate,
    PeopleReplaced,
    PersonChanged,
    PersonTyping,
    Say,
    Search,
    ShowTyping,
)
from client_file_events import SendFile
from client_lines import entry_line, place_mark
from client_model import ClientModel
from client_overview import conversation_rows, neighbour, window_title
from client_paths import UserPaths
from client_realm_events import RealmsTold
from client_rows import name_list
from client_search import Searching
from client_surroundings import Surroundings
from client_tickets import Tickets
from conversation import ConversationKind, EntryKind
from widgets_attention import call_attention, calm_down
from widgets_look import is_anything_focused

_TYPING_MS = 5_000  # after which somebody counts as no longer typing
_MORE_MS = 60  # between reaching an end of what is shown and showing more
_SEARCH_MS = 300  # without a key, after which it is searched
_QUIET_MS = 2_000  # after a call, in which nothing calls again
_MOVES = frozenset({EntryKind.JOINED, EntryKind.LEFT, EntryKind.RENAMED})


class Chatting:
    """One visit's. ``view``: set by the window while there is one."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.model = ClientModel()
        self.view: ChatView | None = None
        self.tickets = Tickets(submit=around.submit, new_ticket=self.model.new_ticket)
        self._errands = self._make_errands()
        self.searching = Searching()
        self.members: dict[int, tuple[str, ...]] = {}  # of groups, as far as they were asked for
        self._people_changed = True
        self._more_timer: str | None = None
        self._search_timer: str | None = None
        self._quiet_timer: str | None = None
        self._destination = (0, 0)  # conversation and number to be shown once they are here
        self._shows_unread = False  # the view was not yet led to what is new in it
        self._is_arriving = False  # where the view stands just now is not where it will
        self._is_called = False

    def use(self, view: ChatView) -> None:
        """A view was built, perhaps in other words than the last one."""
        self.view = view
        self._people_changed = True
        if self._errands.is_idle:
            self._errands = self._make_errands()

    def _make_errands(self) -> Errands:
        model, around = self.model, self._around
        return Errands(
            model.inbox,
            around.say,
            submit=self._submit_typed,
            new_ticket=model.new_ticket,
            paths=UserPaths(),
        )

    def _submit_typed(self, command: Command) -> None:
        """A file that is shared by a typed command is shown like one that was chosen."""
        if isinstance(command, SendFile):
            self.model.files.send(command.ticket, command.conversation, command.path)
        self._around.submit(command)

    # --- events ---

    def take(self, event: object) -> None:
        """Everything the core says."""
        model = self.model
        if isinstance(event, PersonTyping) and not self._around.preferences.show_typing:
            return
        was_told = model.is_told
        model.apply(event)
        self._shows_unread |= model.is_told and not was_told
        self.model.files.apply(event)
        self._errands.take_event(event)
        match event:
            case EntryArrived():
                self._take_entry(event)
            case PeopleReplaced() | PersonChanged():
                self._people_changed = True
            case PersonTyping():
                self._take_typing(event)
            case OlderArrived():
                self._go_on()
            case Answered():
                self.tickets.take(event)
            case LackingTold() | LogReplaced():
                self._tell(event)
            case ConversationChanged() | ConversationGone() | RealmsTold():
                self._people_changed = True
            case _:
                pass

    def _take_entry(self, event: EntryArrived) -> None:
        self._people_changed = True  # who writes typed before
        if event.entry.kind in _MOVES and not event.is_history:
            self._ask_members(event.conversation)
        if self.model.calls(event):
            self._call()

    def _take_typing(self, event: PersonTyping) -> None:
        transcript = self.model.transcript(event.conversation)
        if transcript is not None:
            self._people_changed = True
            seen = transcript.typing_seen(event.person)
            fade = partial(self._fade_typing, event.conversation, event.person, seen)
            self._around.root.after(_TYPING_MS, fade)

    def _fade_typing(self, conversation: int, person: int, seen: int) -> None:
        transcript = self.model.transcript(conversation)
        if transcript is not None and seen:
            transcript.fade_typing(person, seen)
            self._people_changed = True
            self._around.refresh()

    def _tell(self, event: LackingTold | LogReplaced) -> None:
        say, model = self._around.say, self.model
        if isinstance(event, LogReplaced):
            model.add_notice(say("chat.log_replaced"), event.conversation)
            return
        names = name_list(event.names, say, event.count) if event.names else ""
        key = "chat.lacking" if names else "chat.lacking_none"
        model.add_notice(say(key, names=names), event.conversation)

    def _call(self) -> None:
        """One call for all that comes in a moment."""
        if self._quiet_timer is None:
            self._is_called = True
            call_attention(self._around.root)
            self._quiet_timer = self._around.root.after(_QUIET_MS, self._end_quiet)

    def _end_quiet(self) -> None:
        self._quiet_timer = None

    # --- showing ---

    def refresh(self) -> None:
        """Shows what the model says now."""
        view, model = self.view, self.model
        if view is None:
            return
        today = model.day_of(self._around.wall_clock())
        if view.shown != model.chosen:
            self._change_view(view)
        self._is_arriving = True
        view.show_messages(today)
        self._arrive(view)
        self._is_arriving = False
        self.see()
        view.show_around(today)
        if self._people_changed:
            self._people_changed = False
            is_group = model.conversation.kind is ConversationKind.GROUP
            view.show_people(today, self.members.get(model.chosen) if is_group else None)
        self._show_results()
        self._around.root.title(window_title(model))

    def _arrive(self, view: ChatView) -> None:
        """Leads the view to where somebody wanted to go."""
        conversation, number = self._destination
        if view.messages.canvas.winfo_height() <= 1:
            return
        if conversation == self.model.chosen and view.messages.reveal(number):
            self._destination = (0, 0)
            self._shows_unread = False
        elif self._shows_unread:
            self._shows_unread = False
            view.messages.reveal_unread()

    def see(self) -> None:
        """What can be seen, by somebody who is there, is read."""
        view, root = self.view, self._around.root
        if view is None:
            return
        has_focus = is_anything_focused(root)
        self.model.look(view.messages.is_at_end, has_focus=has_focus)
        if not has_focus:
            return
        if self._is_called:
            self._is_called = False
            calm_down(root)
        marked = self.model.see(view.messages.last_seen)
        if marked is not None:
            self._around.submit(marked)

    def look_anew(self) -> None:
        """What can be seen may have changed."""
        if self._is_arriving:
            return
        unread = self.model.unread
        self.see()
        if unread != self.model.unread:
            self._around.root.after_idle(self._around.refresh)

    # --- going somewhere ---

    def open(self, conversation: int) -> bool:
        """Shows a conversation; False: we do not belong to it."""
        model, view = self.model, self.view
        before = model.chosen
        if view is not None:
            model.here.written = view.composer.content
        if not model.choose(conversation):
            return False
        self._around.refresh()
        if view is not None:
            view.close_drawer()
            view.composer.text.focus_set()
            if conversation == before:
                view.messages.scroll_to_end()
        return True

    def _change_view(self, view: ChatView) -> None:
        """Another conversation than before is shown."""
        model = self.model
        view.shown = model.chosen
        view.messages.clear()
        view.composer.content = model.here.written
        view.composer.close()
        self._people_changed = self._shows_unread = True
        self._destination = (0, 0)
        self._ask_members(model.chosen)

    def open_next(self, step: int, *, is_unread: bool = False) -> None:
        """The one above or below in the list."""
        today = self.model.day_of(self._around.wall_clock())
        rows = conversation_rows(self.model, today, self._around.say)
        conversation = neighbour(rows, step, is_unread=is_unread)
        if conversation is not None:
            self.open(conversation)
            if self.view is not None:
                self.view.side.see_chosen()

    def open_found(self, conversation: int, number: int) -> None:
        """The place of an entry in its conversation, loaded first if need be."""
        if self.open(conversation):
            self._destination = (conversation, number)
            self._go_on()
            self._around.refresh()

    def open_private(self, name: str) -> None:
        """The conversation with somebody."""
        request = OpenPrivate(0, name)
        self.tickets.ask(request, partial(self._opened, request))

    def _opened(self, request: OpenPrivate, answered: Answered) -> None:
        if not (isinstance(answered.result, int) and self.open(answered.result)):
            self._show_answer(answer_for(request, answered, self._around.say))

    def _go_on(self) -> None:
        """On the way to an entry: asks for it, or has it in reach by now."""
        conversation, number = self._destination
        if conversation == self.model.chosen and number:
            held = self.model.held
            if not held.is_in_reach(number) and (command := held.show_place(number)) is not None:
                self._around.submit(command)

    def _ask_members(self, conversation: int) -> None:
        known = self.model.inbox.conversation(conversation)
        is_shown = conversation == self.model.chosen
        if known is not None and known.kind is ConversationKind.GROUP and is_shown:
            self.tickets.ask(AskMembers(0, known.name), partial(self._take_members, conversation))

    def _take_members(self, conversation: int, answered: Answered) -> None:
        if isinstance(answered.result, tuple):
            self.members[conversation] = tuple(map(str, answered.result))
            self._people_changed = True

    # --- writing ---

    def send(self, text: str) -> bool:
        """Whether it was taken."""
        match interpret(text, self.model, self._around.say):
            case Post(said):
                self._post(said)
            case Exit():
                self._around.submit(Leave())
            case Ask(said, word):
                self._doubt(said, word)
                return False
            case Answer() as answer:
                return self._show_answer(answer)
            case Do(Search(words=words)):
                self.open_search(words)
            case errand:
                request = errand.request if isinstance(errand, Do) else None
                on_answer = partial(self._take_answer, request)
                self._errands.begin(errand, on_answer, self.model.chosen)
        return True

    def _post(self, text: str) -> None:
        self._around.submit(Say(self.model.new_ticket(), self.model.chosen, text))
        if self.view is not None:
            self.view.messages.scroll_to_end()

    def _take_answer(self, request: object, answer: Answer) -> None:
        """Of a typed command. A group that one made or joined is opened."""
        self._show_answer(answer)
        if isinstance(request, AddGroup | JoinGroup) and answer.is_ok:
            group = self.model.inbox.named(ConversationKind.GROUP, request.name)
            if group is not None and self.open(group.number):
                self._show_answer(answer)

    def read_inbox(self, realm: str) -> None:
        """What is unread of a realm, as if it was asked for by a typed command."""
        answered = partial(self._take_answer, None)
        self._errands.begin(ReadInbox(realm), answered, self.model.chosen)

    def _show_answer(self, answer: Answer) -> bool:
        view = self.view
        if answer.is_ok:
            lines = [answer.message, *map(self._line, answer.found or ())]
            self.model.add_notice("\n".join(lines))
            self.to_newest()
            if view is not None:
                view.messages.scroll_to_end()
        elif view is not None:
            view.composer.show_error(answer.message)
        return answer.is_ok

    def _line(self, found: Found) -> str:
        model = self.model
        mark = place_mark(model.inbox.conversation(found.conversation))
        is_own = found.entry.person == model.me
        time = model.time_of(found.entry.sent_at)
        return entry_line(found.entry, mark, time, is_own, self._around.say)[0]

    def _doubt(self, text: str, word: str) -> None:
        view, say = self.view, self._around.say
        if view is None:
            return
        composer = view.composer

        def send() -> None:
            composer.content = ""
            composer.show_error("")
            self._post(text)

        def keep() -> None:
            composer.show_error("")
            composer.text.focus_set()

        answers = [(say("chat.do_not_send"), keep), (say("chat.send_anyway"), send)]
        composer.ask(say("chat.doubt", word=word), answers)

    def show_typing(self) -> None:
        """A key was pressed."""
        if self._around.preferences.send_typing:
            self._around.submit(ShowTyping(self.model.chosen))

    def names(self) -> list[str]:
        """Who may be mentioned in the conversation shown."""
        model = self.model
        here = model.conversation
        if here.kind is ConversationKind.PRIVATE:
            return [here.name]
        names = [one.name for one in model.people.values()]
        if here.kind is ConversationKind.GROUP:
            names = list(self.members.get(here.number, ()))
        return [name for name in names if name != model.my_name]

    def ask_lacking(self, number: int) -> None:
        """Who has not got an entry?"""
        self._around.submit(AskLacking(self.model.chosen, number))

    # --- scrolling ---

    def to_newest(self) -> None:
        """Has the newest rows shown, wherever the view was."""
        self.model.held.show_newest()
        self._around.refresh()

    def want_more(self) -> None:
        """Somebody came near an end of what is shown: soon, not in the midst of drawing."""
        if self._more_timer is None:
            self._more_timer = self._around.root.after(_MORE_MS, self._show_more)

    def _show_more(self) -> None:
        self._more_timer = None
        view, held = self.view, self.model.held
        if view is None:
            return
        messages, has_more = view.messages, False
        for is_near, show, load in (
            (messages.is_near_end, held.show_newer, held.load_newer),
            (messages.is_near_top, held.show_older, held.load_older),
        ):
            if is_near and show():
                has_more = True
            elif is_near and (command := load()) is not None:
                self._around.submit(command)
                has_more = True
        if has_more:
            self._around.refresh()

    # --- searching ---

    def open_search(self, words: str = "") -> None:
        """Has the box ready to be written in; ``words``: they are looked for at once."""
        view = self.view
        if view is None:
            return
        view.open_side()
        view.side.search.open()
        if words:
            view.side.search.write(words)
            self.search_now()

    def write_search(self, words: str) -> None:
        """Something else stands in the box."""
        root = self._around.root
        if self._search_timer is not None:
            root.after_cancel(self._search_timer)
            self._search_timer = None
        if self.searching.write(words):
            self._search_timer = root.after(_SEARCH_MS, self.search_now)
        self._show_results()

    def search_now(self) -> None:
        """Enter was pressed, or there was a pause."""
        self._search_timer = None
        question = self.searching.question()
        if question is not None:
            self._show_results()
            self.tickets.ask(question, partial(self._take_found, question))

    def _take_found(self, question: Search, answered: Answered) -> None:
        self.searching.take(question, answered)
        self._show_results()

    def close_search(self) -> bool:
        """False: nothing was looked for."""
        was_open, view = self.searching.is_open, self.view
        self.searching.close()
        if view is not None:
            view.side.search.clear()
            self._show_results()
            view.composer.text.focus_set()
        return was_open

    def _show_results(self) -> None:
        if self.view is None:
            return
        model, say = self.model, self._around.say
        refused, refusal = self.searching.refused, ""
        if refused is not None:
            refusal = answer_for(self.searching.asked, refused, say).message
        today = model.day_of(self._around.wall_clock())
        self.view.show_results(self.searching.results(model, today, say, refusal))

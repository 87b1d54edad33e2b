"""Requests about conversations: which there are, who belongs to them, what was said and read there.

Band: cores. Each is understood when it comes and answered at the end of its turn, so that no answer
speaks of what is not on disk. Who belongs to what is asked anew each time.
Source: docs/protocol.md.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import NamedTuple

from auth import NameInvalid, fold_name, normalise_name, skeleton
from belonging import MAX_HELD, MAX_PAGE, LogsAnswer, LogsRequest, OfferedConversation
from conversation import ROOM, ConversationKind
from entering import ONCE_SIZE
from protocol import Code, JsonValue, RunJob, Verb, decode_object, encode_object
from protocol_requests import Fields, hex_field, number_field, text_field
from records import Hit, Store
from server_delivery import Delivery
from server_members import Members
from server_peer import Member, Peer
from server_rooms import Rooms
from server_turn import Turn

MAX_CONVERSATIONS = 1_000  # that one person may begin or join: each costs all their sessions memory
MOST_GROUPS = 200  # in one answer, as are those below
MOST_NAMES = 1_000
MOST_FOUND = 50
MOST_HITS = 100
MAX_HIT_TEXT = 340  # characters: of a file, all with the longest name
ANSWER_ROOM = 60_000  # bytes for the rows of an answer, which is MAX_RESPONSE at most

VERBS = frozenset(
    {
        Verb.LOGS,
        Verb.PRIVATE,
        Verb.ADD_GROUP,
        Verb.JOIN_GROUP,
        Verb.LEAVE_GROUP,
        Verb.GROUPS,
        Verb.MEMBERS,
        Verb.READ,
        Verb.SEARCH,
        Verb.FIND,
    }
)

Answerer = Callable[[Peer, int, Code, Fields], None]
Outcome = tuple[Code, Fields]
Decision = Callable[[int], Outcome]  # at a UTC time, in the open transaction


class _Asked(NamedTuple):
    """A request, with whoever was behind its session when it came."""

    peer: Peer
    member: Member
    request: int


class _Search(NamedTuple):
    asked: _Asked
    words: str


class Conversations:
    """Serves VERBS. ``run(work, end)`` is for the worker thread; ``write_posts(now)``: what was
    said before somebody joins or leaves must be judged before that.
    """

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        members: Members,
        delivery: Delivery,
        turn: Turn,
        *,
        answer: Answerer,
        run: RunJob,
        write_posts: Callable[[float], None],
        reach: Callable[
            [ConversationKind, str, Member, Callable[[Decision, float], None], float], None
        ],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._members = members
        self._delivery = delivery
        self._turn = turn
        self._answer = answer
        self._run = run
        self._write_posts = write_posts
        self._reach = reach
        self._wall_clock = wall_clock
        self._searches: deque[_Search] = deque()
        self._is_searching = False

    def serve(self, peer: Peer, request: int, verb: Verb, fields: Fields, now: float) -> None:
        """Answers one of VERBS, now or later. Raises PeerError for fields that cannot be."""
        assert peer.member is not None  # who is nobody has been refused
        asked = _Asked(peer, peer.member, request)
        match verb:
            case Verb.LOGS:
                self._tell(asked, partial(self._logs, asked, LogsRequest.decode(fields)))
            case Verb.GROUPS:
                self._tell(asked, partial(self._groups, asked.member, text_field(fields, "after")))
            case Verb.MEMBERS:
                self._tell(asked, partial(self._names, asked.member, text_field(fields, "name")))
            case Verb.FIND:
                self._tell(asked, partial(self._found, text_field(fields, "prefix")))
            case Verb.SEARCH:
                self._search(_Search(asked, text_field(fields, "words")))
            case Verb.READ:
                self._read(asked, fields, now)
            case _:
                self._change(asked, verb, fields, now)

    def _reply(self, asked: _Asked, code: Code, fields: Fields) -> None:
        """To whoever asked, if they are still there."""
        if asked.peer.member is asked.member:
            self._answer(asked.peer, asked.request, code, fields)

    # --- questions ---

    def _tell(self, asked: _Asked, question: Callable[[float], Outcome]) -> None:
        def end(now: float) -> None:
            if asked.peer.member is asked.member:
                self._reply(asked, *question(now))

        self._turn.when_settled(end)

    def _logs(self, asked: _Asked, wish: LogsRequest, now: float) -> Outcome:
        """A page of the person's logs, which the session follows from now on."""
        peer, person = asked.peer, asked.member.person
        held = {log.conversation: log for log in wish.held}
        mine = [number for number in self._rooms.conversations_of(person) if number > wish.after]
        last = wish.held[-1].conversation if len(held) == MAX_HELD else None
        covered = [number for number in mine if last is None or number <= last]
        shown = (n for n in covered if n in held or n in peer.feeds or self._rooms.head(n))
        page = list(islice(shown, MAX_PAGE + 1))
        next_after = last if len(covered) < len(mine) else None
        if len(page) > MAX_PAGE:
            page.pop()
            next_after = page[-1]
        markers = self._store.read_markers(person)
        offers = [self._offer(number, person, markers.get(number, 0)) for number in page]
        changed: list[int] = []
        for log in (offer.log for offer in offers):
            mine_of_it = held.get(log.conversation)
            if mine_of_it is not None and not self._rooms.is_same(mine_of_it):
                changed.append(log.conversation)
                self._delivery.follow(peer, log.conversation, log.floor, now)
            elif mine_of_it is not None:
                self._delivery.follow_on(peer, log.conversation, mine_of_it.have, now, log.head)
            else:
                self._delivery.follow_on(peer, log.conversation, log.floor, now)
        return Code.OK, LogsAnswer(tuple(offers), tuple(changed), next_after).encode()

    def _offer(self, conversation: int, person: int, read: int) -> OfferedConversation:
        kind, name, other = ConversationKind.ROOM, "", 0
        record = self._store.conversation(conversation) if conversation != ROOM else None
        if record is not None:
            kind, name = record.kind, record.name
            if record.pair is not None:
                one, two = record.pair
                other = two if one == person else one
                name = self._name(other)
        return OfferedConversation(kind, name, other, self._rooms.offer(conversation), read)

    def _name(self, person: int) -> str:
        """What somebody is called now, or was last."""
        name = self._members.people.name(person)
        if name is None:
            record = self._store.person(person)
            name = record.name if record is not None else ""
        return name

    def _groups(self, member: Member, after: str, _: float) -> Outcome:
        mine = set(self._rooms.conversations_of(member.person))
        found = self._store.groups(after, MOST_GROUPS + 1)
        groups = found[:MOST_GROUPS]
        fields: Fields = {
            "groups": [[group.name, group.members, group.conversation in mine] for group in groups]
        }
        if len(found) > MOST_GROUPS:
            fields["next"] = fold_name(groups[-1].name)
        return Code.OK, fields

    def _names(self, member: Member, name: str, _: float) -> Outcome:
        group = self._store.group_named(fold_name(name))
        if group is None:
            return Code.NO_SUCH_GROUP, {}
        if not self._rooms.is_member(member.person, group):
            return Code.NOT_A_MEMBER, {}
        names = _fitting(self._store.member_names(group, MOST_NAMES))
        return Code.OK, {"names": names, "count": len(self._rooms.members(group))}

    def _found(self, prefix: str, _: float) -> Outcome:
        return Code.OK, {"names": list(self._store.account_names(fold_name(prefix), MOST_FOUND))}

    # --- search: one at a time, for those who scroll up wait for the same worker ---

    def _search(self, search: _Search) -> None:
        if not any(character.isalnum() for character in search.words):
            self._reply(search.asked, Code.BAD_REQUEST, {})
            return
        self._searches.append(search)
        self._begin_search()

    def _begin_search(self) -> None:
        if self._is_searching or not self._searches:
            return
        self._is_searching = True
        asked, words = self._searches.popleft()
        mine = self._rooms.conversations_of(asked.member.person)
        work = self._store.search_later(words, mine, MOST_HITS)
        self._run(work, partial(self._end_search, asked))

    def _end_search(self, asked: _Asked, result: object, _: float) -> None:
        assert isinstance(result, list)
        self._is_searching = False
        mine = set(self._rooms.conversations_of(asked.member.person))
        hits = _fitting(_hit_row(hit) for hit in result if hit.conversation in mine)
        self._reply(asked, Code.OK, {"hits": hits})
        self._begin_search()

    # --- wishes ---

    def _read(self, asked: _Asked, fields: Fields, now: float) -> None:
        conversation, number = number_field(fields, "conversation"), number_field(fields, "number")
        person, moved_to = asked.member.person, 0

        def decide() -> Outcome:
            nonlocal moved_to
            if not self._rooms.is_member(person, conversation):
                return Code.NOT_A_MEMBER, {}
            to = min(number, self._rooms.head(conversation))
            if to > self._store.read_markers(person).get(conversation, 0):
                self._store.set_read(person, conversation, to)
                moved_to = to
            return Code.OK, {}

        def tell(_: Fields, __: float) -> None:
            if moved_to:
                self._delivery.tell_read(person, asked.peer, conversation, moved_to)

        self._attempt(asked, decide, tell, now)

    def _change(self, asked: _Asked, verb: Verb, fields: Fields, now: float) -> None:
        """A wish that changes who belongs where: done once, however often it is asked for."""
        once, name = hex_field(fields, "once", ONCE_SIZE), text_field(fields, "name")
        member = asked.member
        decisions = {
            Verb.PRIVATE: self._private,
            Verb.ADD_GROUP: self._add_group,
            Verb.JOIN_GROUP: self._join_group,
            Verb.LEAVE_GROUP: self._leave_group,
        }

        def proceed(decision: Decision, now: float) -> None:
            at = self._wall_clock()

            def decide() -> Outcome:
                before = self._before(once)
                if before is not None:
                    return before
                code, fields = decision(at)
                if code is Code.OK:
                    self._store.save_once(once, code, encode_object(fields), at)
                return code, fields

            if asked.peer.member is member:
                self._write_posts(now)
                self._attempt(asked, decide, partial(self._settle, asked, verb), now)

        abroad = {
            Verb.PRIVATE: ConversationKind.PRIVATE,
            Verb.JOIN_GROUP: ConversationKind.GROUP,
        }
        if "@" in name and verb in abroad and self._before(once) is None:
            self._reach(abroad[verb], name, member, proceed, now)
        else:
            proceed(lambda at: decisions[verb](member, name, at), now)

    def _before(self, once: bytes) -> Outcome | None:
        """The answer to a wish that was carried out, and was lost with a session or a server."""
        before = self._store.once(once)
        if before is None:
            return None
        fields = decode_object(before[1])
        if "conversation" not in fields:  # the number of another kind of wish: not told here
            return Code.BAD_REQUEST, {}
        return Code.OK, fields

    def _attempt(
        self,
        asked: _Asked,
        decide: Callable[[], Outcome],
        then: Callable[[Fields, float], None],
        now: float,
    ) -> None:
        """Decides in the open transaction, answers when that is on disk; ``then`` if it was OK."""
        outcome: Outcome = Code.DISK_FULL, {}

        def act() -> None:
            nonlocal outcome
            outcome = decide()

        def refuse(_: float) -> None:
            self._reply(asked, Code.DISK_FULL, {})

        def end(now: float) -> None:
            code, fields = outcome
            if code is Code.OK:
                then(fields, now)
            self._reply(asked, code, fields)

        if self._turn.attempt(act, now):
            self._turn.when_kept(end)
            self._turn.when_undone(refuse)
        else:
            refuse(now)

    def _settle(self, asked: _Asked, verb: Verb, fields: Fields, now: float) -> None:
        """Sessions follow what they may read and no more; what is empty shows to its opener."""
        peer, person = asked.peer, asked.member.person
        conversation = number_field(fields, "conversation")
        self._delivery.share(conversation, now)
        if not self._rooms.is_member(person, conversation):
            self._delivery.let_go(person, conversation)
        elif verb is not Verb.PRIVATE:
            self._delivery.introduce(person, conversation, now)
        elif peer.member is asked.member:
            self._delivery.follow_on(peer, conversation, 0, now)

    # --- decisions, in the open transaction ---

    def _private(self, member: Member, name: str, at: int) -> Outcome:
        other = self._members.people.find(name)
        if other is None:
            return Code.NO_SUCH_USER, {}
        if other == member.person:
            return Code.BAD_REQUEST, {}
        conversation = self._store.private_between(member.person, other)
        if conversation is None:
            if self._has_enough(member):
                return Code.SERVER_FULL, {}
            conversation = self._store.add_private(member.person, other)
        return Code.OK, {"conversation": conversation}

    def _add_group(self, member: Member, name: str, at: int) -> Outcome:
        try:
            name = normalise_name(name)
        except NameInvalid as error:
            return Code.NAME_INVALID, {"reason": str(error.reason)}
        folded, looks = fold_name(name), skeleton(name)
        if self._store.is_group_name(folded, looks):
            return Code.GROUP_EXISTS, {}
        if self._has_enough(member):
            return Code.SERVER_FULL, {}
        group = self._store.add_group(name, folded, looks)
        self._rooms.join(group, member.person, member.name, at)
        return Code.OK, {"conversation": group}

    def _join_group(self, member: Member, name: str, at: int) -> Outcome:
        group = self._store.group_named(fold_name(name))
        if group is None:
            return Code.NO_SUCH_GROUP, {}
        if self._rooms.is_member(member.person, group):
            return Code.ALREADY_A_MEMBER, {"conversation": group}
        if self._has_enough(member):
            return Code.SERVER_FULL, {}
        self._rooms.join(group, member.person, member.name, at)
        return Code.OK, {"conversation": group}

    def _leave_group(self, member: Member, name: str, at: int) -> Outcome:
        group = self._store.group_named(fold_name(name))
        if group is None:
            return Code.NO_SUCH_GROUP, {}
        if not self._rooms.is_member(member.person, group):
            return Code.NOT_A_MEMBER, {}
        self._rooms.leave(group, member.person, member.name, at)
        return Code.OK, {"conversation": group}

    def _has_enough(self, member: Member) -> bool:
        return len(self._store.conversations_of(member.person)) >= MAX_CONVERSATIONS


def _hit_row(hit: Hit) -> list[JsonValue]:
    entry = hit.entry
    return [
        hit.conversation,
        hit.number,
        int(entry.kind),
        entry.sent_at,
        f"{entry.person:016x}",
        entry.name,
        entry.text[:MAX_HIT_TEXT],
    ]


def _fitting(rows: Iterable[JsonValue]) -> list[JsonValue]:
    """As many as an answer has room for."""
    fitting: list[JsonValue] = []
    room = ANSWER_ROOM
    for row in rows:
        room -= len(encode_object({"": row}))  # a little more than it takes in the list
        if room < 0:
            break
        fitting.append(row)
    return fitting

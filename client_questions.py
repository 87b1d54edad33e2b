"""What a user asks about conversations, groups and people: open, add, join, leave, list, search.

Band: cores. Each is written down as one course. A conversation that it leads to has been told
(ConversationChanged) before the answer is.
Source: docs/protocol.md.
"""

from functools import partial

from auth import NameInvalid, normalise_name
from client_conversations import Conversations
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    AskMembers,
    FindPeople,
    Found,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    OpenPrivate,
    Search,
)
from client_file_events import AskFiles, SharedHere
from client_realm_events import AddRealm, AskRealms, RealmRequest
from client_realms import realms_in
from client_requests import Course, Do, Until, answered, ask, fits
from conversation import MAX_NAME_BYTES, NO_TAG, Entry, EntryKind, FileNote
from entering import ONCE_SIZE
from protocol import MAX_TEXT, Code, JsonValue, PeerError, Verb
from protocol_requests import Answer, Fields, hex_field, list_field, number_field, text_field

MAX_GROUPS = 10_000  # listed; a server that invents more must not keep us busy

Opening = OpenPrivate | AddGroup | JoinGroup
Question = (
    Opening | LeaveGroup | AskGroups | AskMembers | FindPeople | Search | AskFiles | RealmRequest
)

_VERBS = {
    OpenPrivate: Verb.PRIVATE,
    AddGroup: Verb.ADD_GROUP,
    JoinGroup: Verb.JOIN_GROUP,
}
_UNKNOWN = {  # a name that nobody can have is nobody's, and the server need not be asked
    OpenPrivate: Code.NO_SUCH_USER,
    JoinGroup: Code.NO_SUCH_GROUP,
}


class Questions:
    """``chance``: random bytes that stay the same when a request has to begin again."""

    def __init__(self, conversations: Conversations) -> None:
        self._conversations = conversations

    def begin(self, asked: Question, chance: bytes) -> Course:
        """How one of them goes on."""
        match asked:
            case LeaveGroup():
                return self._leave(asked, chance)
            case AskGroups():
                return _groups(asked)
            case AskMembers():
                return _members(asked)
            case FindPeople():
                return _find(asked)
            case Search():
                return _search(asked)
            case AskFiles():
                return _files(asked)
            case AddRealm():
                return _add_realm(asked, chance)
            case AskRealms():
                return _realms(asked)
            case _:
                return self._open(asked, chance)

    def _open(self, asked: Opening, chance: bytes) -> Course:
        """Result: the number of a conversation, which is told before. Of another realm that is
        away: with the reason "waiting".
        """
        try:
            name = _plain_name(asked)
        except NameInvalid as invalid:
            if isinstance(asked, AddGroup):
                return Answered(asked.ticket, Code.NAME_INVALID, reason=invalid.reason.value)
            return Answered(asked.ticket, _UNKNOWN[type(asked)])
        fields: Fields = {"once": chance[:ONCE_SIZE].hex(), "name": name}
        answer = yield from ask(_VERBS[type(asked)], fields)
        if answer.code not in (Code.OK, Code.ALREADY_A_MEMBER):
            return answered(asked, answer)
        conversation = number_field(answer.fields, "conversation")
        yield Do(partial(self._conversations.look_up, conversation))
        yield Until(lambda: self._conversations.is_settled(conversation))
        state = answer.fields.get("state")
        reason = "waiting" if state == "waiting" else ""
        return Answered(asked.ticket, answer.code, conversation, reason=reason)

    def _leave(self, asked: LeaveGroup, chance: bytes) -> Course:
        """Its conversation is gone before the answer."""
        fields: Fields = {"once": chance[:ONCE_SIZE].hex(), "name": asked.name}
        answer = yield from ask(Verb.LEAVE_GROUP, fields)
        if answer.code is Code.OK:
            self._conversations.leave_group(asked.name)
        return answered(asked, answer)


def _groups(asked: AskGroups) -> Course:
    """Result: all of them, page by page."""
    groups: list[GroupInfo] = []
    after = ""
    while True:
        answer = yield from ask(Verb.GROUPS, {"after": after})
        if answer.code is not Code.OK:
            return answered(asked, answer)
        groups += [_group(row) for row in list_field(answer.fields, "groups")]
        if "next" not in answer.fields or len(groups) >= MAX_GROUPS:
            return Answered(asked.ticket, Code.OK, tuple(groups[:MAX_GROUPS]))
        before, after = after, text_field(answer.fields, "next")
        if after <= before:
            raise PeerError("groups that go back")


def _plain_name(asked: Opening) -> str:
    """As it is asked for: somebody or a group of another realm is name@realm. Raises
    NameInvalid."""
    name, at, realm = asked.name.partition("@")
    if isinstance(asked, AddGroup) or not at or len(realm) > MAX_NAME_BYTES:
        return normalise_name(asked.name)
    return f"{normalise_name(name)}@{realm.strip()}"


def _members(asked: AskMembers) -> Course:
    """Result: their names."""
    answer = yield from ask(Verb.MEMBERS, {"name": asked.name})
    return _names(asked, answer)


def _find(asked: FindPeople) -> Course:
    """Result: their names."""
    answer = yield from ask(Verb.FIND, {"prefix": asked.prefix})
    return _names(asked, answer)


def _search(asked: Search) -> Course:
    """Result: what was found, the newest first."""
    answer = yield from ask(Verb.SEARCH, {"words": asked.words})
    if answer.code is not Code.OK:
        return answered(asked, answer)
    found = tuple(_found(row) for row in list_field(answer.fields, "hits"))
    return Answered(asked.ticket, Code.OK, found)


def _files(asked: AskFiles) -> Course:
    """Result: a page of what was shared, the newest first."""
    fields: Fields = {"conversation": asked.conversation, "before": asked.before}
    answer = yield from ask(Verb.FILES, fields)
    if answer.code is not Code.OK:
        return answered(asked, answer)
    rows = list_field(answer.fields, "files")
    return Answered(
        asked.ticket, Code.OK, tuple(shared_in(asked.conversation, row) for row in rows)
    )


def _add_realm(asked: AddRealm, chance: bytes) -> Course:
    """Result: what the realm is called here, and what its room is called there."""
    fields: Fields = {
        "once": chance[:ONCE_SIZE].hex(),
        "name": asked.name,
        "address": asked.host,
        "port": asked.port,
    }
    if asked.password is not None:
        fields["password"] = asked.password
    if not fits(fields):  # the rest of it cannot be that long
        return Answered(asked.ticket, Code.BAD_REQUEST, reason="password")
    answer = yield from ask(Verb.ADD_REALM, fields)
    if answer.code is Code.REALM_EXISTS:
        known = text_field(answer.fields, "name")
        return Answered(asked.ticket, answer.code, reason=known)
    if answer.code is not Code.OK:
        return answered(asked, answer)
    names = text_field(answer.fields, "name"), text_field(answer.fields, "room")
    return Answered(asked.ticket, Code.OK, names)


def _realms(asked: AskRealms) -> Course:
    """Result: all of them."""
    answer = yield from ask(Verb.REALMS, {})
    if answer.code is not Code.OK:
        return answered(asked, answer)
    return Answered(asked.ticket, Code.OK, realms_in(answer.fields))


def _names(asked: AskMembers | FindPeople, answer: Answer) -> Answered:
    if answer.code is not Code.OK:
        return answered(asked, answer)
    names = [_name(name) for name in list_field(answer.fields, "names")]
    return Answered(asked.ticket, Code.OK, tuple(names))


def _name(value: JsonValue) -> str:
    name = text_field({"name": value}, "name")
    if len(name.encode()) > MAX_NAME_BYTES:
        raise PeerError("a name that is too long")
    return name


def _group(row: JsonValue) -> GroupInfo:
    match row:
        case [name, members, bool(is_member)]:
            return GroupInfo(_name(name), number_field({"members": members}, "members"), is_member)
        case _:
            raise PeerError("bad row of a group")


def _found(row: JsonValue) -> Found:
    match row:
        case [conversation, number, kind, sent_at, person, name, text]:
            fields: Fields = {
                "conversation": conversation,
                "number": number,
                "kind": kind,
                "sent_at": sent_at,
                "person": person,
                "text": text,
            }
            kind, text = number_field(fields, "kind"), text_field(fields, "text")
            if kind not in EntryKind.__members__.values() or len(text.encode()) > MAX_TEXT:
                raise PeerError("an entry that cannot be")
            entry = Entry(
                NO_TAG,
                EntryKind(kind),
                number_field(fields, "sent_at"),
                int.from_bytes(hex_field(fields, "person", 8), "big"),
                _name(name),
                text,
            )
            return Found(
                number_field(fields, "conversation"), number_field(fields, "number"), entry
            )
        case _:
            raise PeerError("bad row of what was found")


def shared_in(conversation: int, row: JsonValue) -> SharedHere:
    """A row in the answer to FILES. Raises PeerError."""
    match row:
        case [
            number,
            sent_at,
            str(_),
            name,
            str(file),
            int(size),
            str(called),
            bool(is_removed),
            *rest,
        ]:
            fields: Fields = {"number": number, "sent_at": sent_at}
            return SharedHere(
                conversation,
                number_field(fields, "number"),
                _name(name),
                number_field(fields, "sent_at"),
                FileNote.decode(f"{file} {size} {called}"),
                is_removed,
                is_coming=rest[:1] == [True],
                is_too_large=rest[:1] == [Code.FILE_TOO_LARGE],
            )
        case _:
            raise PeerError("bad row of a file")

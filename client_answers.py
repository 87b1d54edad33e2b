"""What the server answered to a request, as an answer to the user: its code and its sentence.

Band: cores. Pure. The one place for these sentences: window, terminal and scripts ask here.
"""

from datetime import UTC, datetime

from auth import NameInvalid, normalise_name
from client_commands import Answer
from client_events import (
    AddGroup,
    Answered,
    AskGroups,
    AskMembers,
    ChangeName,
    ChangePassword,
    FindPeople,
    Found,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    LogIn,
    LogOut,
    OpenPrivate,
    Register,
    Request,
    Search,
)
from client_file_events import AskFiles
from client_realm_events import AddRealm, AskRealms, RealmInfo, RealmState, RealmTrouble
from protocol import Address, Code, JsonValue
from realms import is_alias, split_realm
from texts import Texts

MAX_DETAIL = 64  # characters of a country or a full name; the server takes no more
ABROAD = "abroad"  # a reason: of a group of another realm we know only that we are no member
MAX_SEARCH = 200  # characters, so that a request holds them
_LAST_INSTANT = 253_370_764_800_000  # 9999-01-01: a peer's clock may say anything

COMMAND_OF: dict[type[Request], str] = {  # the name of the typed command
    Register: "register",
    LogIn: "login",
    LogOut: "logout",
    ChangePassword: "passwd",
    ChangeName: "name",
    OpenPrivate: "send",
    AddGroup: "addgroup",
    JoinGroup: "joingroup",
    LeaveGroup: "leavegroup",
    AskGroups: "groups",
    AskMembers: "members",
    FindPeople: "find",
    Search: "search",
    AskFiles: "files",
    AddRealm: "addrealm",
    AskRealms: "realms",
}
_TO_SOMEBODY = ("send", "sendfile", "sendprivaterealm", "sendfilerealm")
_TO_A_GROUP = ("joingroup", "sendgrouprealm", "sendgroupfilerealm")
_FAILURES: dict[tuple[str, Code], str] = {  # where a command has a sentence of its own
    ("register", Code.NAME_TAKEN): "answer.user_exists",
    ("register", Code.BAD_REQUEST): "answer.details",
    ("name", Code.BAD_REQUEST): "answer.name_kept",
    ("name", Code.BANNED): "answer.banned",
    ("login", Code.BANNED): "answer.banned",
    ("register", Code.BANNED): "answer.banned",
    ("send", Code.BAD_REQUEST): "answer.yourself",
    ("sendfile", Code.BAD_REQUEST): "answer.yourself",
    ("joingroup", Code.NO_SUCH_GROUP): "answer.group_missing",
    ("search", Code.BAD_REQUEST): "answer.search_words",
    ("addrealm", Code.WRONG_PASSWORD): "answer.realm_password",
    ("addrealm", Code.NOT_ALLOWED): "answer.realm_not_allowed",
    ("addrealm", Code.SERVER_FULL): "answer.realms_full",
    ("addrealm", Code.DISK_FULL): "answer.realm_disk_full",
    ("addgroup", Code.SERVER_FULL): "answer.conversations_full",
    **{(command, Code.SERVER_FULL): "answer.conversations_full" for command in _TO_A_GROUP},
    **{(command, Code.SERVER_FULL): "answer.people_full" for command in _TO_SOMEBODY},
}
BAD_REALMS = {  # reasons of ADD_REALM's BAD_REQUEST
    "name": "answer.realm_name",
    "address": "answer.realm_address",
    "password": "answer.realm_password_long",  # said by ourselves: the request did not fit
    "self": "answer.realm_self",
}
_FAILURES_OF_ALL = {
    Code.NO_SESSION: "answer.no_session",
    Code.NAME_TAKEN: "name.taken",
    Code.WRONG_LOGIN: "answer.wrong_login",
    Code.NO_SUCH_USER: "answer.no_such_user",
    Code.GROUP_EXISTS: "answer.group_exists",
    Code.NO_SUCH_GROUP: "answer.no_such_group",
    Code.ALREADY_A_MEMBER: "answer.already_a_member",
    Code.NOT_A_MEMBER: "answer.not_a_member",
    Code.BANNED: "answer.banned_there",  # whoever is banned here is not here to ask
    Code.DISK_FULL: "answer.disk_full",
    Code.MUTED: "refused.muted",
    Code.NO_SUCH_CONVERSATION: "answer.no_such_conversation",
    Code.FILE_TOO_LARGE: "answer.file_too_large",
    Code.NO_SPACE: "answer.no_space",
    Code.FILE_MISSING: "answer.file_missing",
    Code.FILE_CHANGED: "answer.file_changed",
    Code.FILE_REMOVED: "answer.file_removed",
    Code.FILE_NAME_INVALID: "answer.file_name_invalid",
    Code.NO_SUCH_REALM: "answer.no_such_realm",
    Code.REALM_EXISTS: "answer.realm_exists",
    Code.REALM_UNREACHABLE: "answer.realm_unreachable",
    Code.NO_WAY_THERE: "answer.no_way_there",
    Code.TEXT_TOO_LONG: "refused.text_too_long",
    Code.TEXT_INVALID: "refused.text_invalid",
}


def answer_for(asked: Request, answered: Answered, say: Texts) -> Answer:
    """The answer to a request that has ended."""
    command = COMMAND_OF[type(asked)]
    if answered.code is not Code.OK:
        return failure(command, answered, say)
    message, fields, found = _success(asked, answered, say)
    return Answer(True, command, "OK", message, fields, found)


def failure(command: str, answered: Answered, say: Texts) -> Answer:
    """Why a command was not done."""
    return Answer(False, command, answered.code.name, failure_sentence(command, answered, say))


def failure_there(command: str, code: Code, say: Texts) -> Answer:
    """Why another realm did not take what was said to it: it is not our operator who mutes."""
    if code is Code.MUTED:
        return Answer(False, command, code.name, say("refused.muted_there"))
    return failure(command, Answered(0, code), say)


def failure_sentence(command: str, answered: Answered, say: Texts) -> str:
    """``command``: a name of the table of commands, or a value of COMMAND_OF."""
    code = answered.code
    if code is Code.NAME_INVALID:
        return say(f"name.{answered.reason or 'character'}")
    if code is Code.TOO_MANY_GUESSES:
        is_realm = command == "addrealm"  # of which only so many are added at once, too
        key = "answer.realm_too_many" if is_realm else "answer.too_many_guesses"
        return say(key, wait=max(1, round(answered.wait)))
    if code is Code.REALM_EXISTS and answered.reason:
        return say("answer.realm_exists_named", name=answered.reason)
    if answered.reason == ABROAD and code in (Code.NOT_A_MEMBER, Code.NO_SUCH_GROUP):
        return say("answer.no_group_of_ours_there")
    if (command, code) == ("addrealm", Code.BAD_REQUEST):
        return say(BAD_REALMS.get(answered.reason, "answer.realm_address"))
    known = _FAILURES.get((command, code)) or _FAILURES_OF_ALL.get(code)
    return say("answer.other", code=code.name) if known is None else say(known)


_Success = tuple[str, dict[str, JsonValue], tuple[Found, ...] | None]


def _success(asked: Request, answered: Answered, say: Texts) -> _Success:
    result = answered.result
    match asked:
        case Register() | LogIn():
            token = str(result or "")
            is_new = isinstance(asked, Register)
            key = "answer.registered" if is_new else "answer.logged_in"
            message = say(key, name=asked.name, token=token)
            return message, {"name": asked.name, "token": token}, None
        case LogOut():
            return say("answer.logged_out"), {}, None
        case ChangePassword():
            return say("answer.password_changed"), {}, None
        case ChangeName():
            name = result if isinstance(result, str) else asked.name
            return say("answer.renamed", name=name), {"name": name}, None
        case AddGroup() | JoinGroup() | LeaveGroup():
            return _group_changed(asked, answered, say)
        case AskGroups():
            return _groups(groups_of(answered), say)
        case AskMembers():
            return _members(asked.name, _names_of(answered), say)
        case Search():
            found = _found_of(answered)
            key = "answer.found" if found else "answer.found_none"
            return say(key, count=len(found)), {}, found
        case AddRealm() | AskRealms():
            return _of_realms(asked, answered, say)
        case _:  # OpenPrivate, FindPeople, AskFiles: nobody is told of them alone
            return "", {}, None


_GROUPS: dict[type[Request], str] = {
    AddGroup: "answer.group_added",
    JoinGroup: "answer.group_joined",
    LeaveGroup: "answer.group_left",
}


def _group_changed(
    asked: AddGroup | JoinGroup | LeaveGroup, answered: Answered, say: Texts
) -> _Success:
    realm = split_realm(asked.name)[1]
    fields: dict[str, JsonValue] = {"conversation": f"group:{asked.name}"}
    if isinstance(asked, JoinGroup) and realm:
        is_waiting = answered.reason == "waiting"
        fields["state"] = "waiting" if is_waiting else "delivered"
        if is_waiting:
            message = say("answer.group_joined_waiting", group=asked.name, realm=realm)
            return message, fields, None
    return say(_GROUPS[type(asked)], group=asked.name), fields, None


def groups_of(answered: Answered) -> tuple[GroupInfo, ...]:
    """The result of AskGroups."""
    result = answered.result if isinstance(answered.result, tuple) else ()
    return tuple(one for one in result if isinstance(one, GroupInfo))


def _names_of(answered: Answered) -> list[str]:
    result = answered.result if isinstance(answered.result, tuple) else ()
    return [one for one in result if isinstance(one, str)]


def _found_of(answered: Answered) -> tuple[Found, ...]:
    result = answered.result if isinstance(answered.result, tuple) else ()
    return tuple(one for one in result if isinstance(one, Found))


def _groups(groups: tuple[GroupInfo, ...], say: Texts) -> _Success:
    names = [
        say(
            "answer.group_of_ours" if group.is_member else "answer.group",
            name=group.name,
            count=group.members,
        )
        for group in groups
    ]
    fields: list[JsonValue] = [
        {"name": group.name, "members": group.members, "member": group.is_member}
        for group in groups
    ]
    key = "answer.groups" if groups else "answer.groups_none"
    message = say(key, count=len(groups), names=", ".join(names))
    return message, {"groups": fields}, None


def realms_of(answered: Answered) -> tuple[RealmInfo, ...]:
    """The result of AskRealms."""
    result = answered.result if isinstance(answered.result, tuple) else ()
    return tuple(one for one in result if isinstance(one, RealmInfo))


def _of_realms(asked: AddRealm | AskRealms, answered: Answered, say: Texts) -> _Success:
    if isinstance(asked, AddRealm):
        name, room = [*_names_of(answered), "", ""][:2]
        return say("answer.realm_added", name=name), {"name": name, "room": room}, None
    realms = realms_of(answered)
    names = [
        say("answer.realm_waiting", name=realm.name, count=realm.waiting)
        if realm.state is RealmState.AWAY and realm.waiting
        else say(_REALMS[realm.state], name=realm.name)
        for realm in realms
    ]
    fields: list[JsonValue] = [
        {
            "name": realm.name,
            "state": realm.state.value,
            "since": iso_time(realm.since) if realm.since else None,
            "waiting": realm.waiting,
            "round_trip_ms": None if realm.round_trip is None else round(1000 * realm.round_trip),
            "address": None if realm.address is None else _place(realm.address),
            "trouble": None if realm.trouble is None else realm.trouble.value,
        }
        for realm in realms
    ]
    key = "answer.realms" if realms else "answer.realms_none"
    message = say(key, count=len(realms), names=", ".join(names))
    troubles = [
        say(_REALM_TROUBLES[realm.trouble], name=realm.name)
        for realm in realms
        if realm.trouble is not None
    ]
    if troubles:
        message = f"{message}. {' '.join(troubles)}"
    return message, {"realms": fields}, None


_REALMS = {
    RealmState.LINKED: "answer.realm_linked",
    RealmState.AWAY: "answer.realm_away",
    RealmState.CUT: "answer.realm_cut",
}


_REALM_TROUBLES = {
    RealmTrouble.KEY: "answer.realm_other_key",
    RealmTrouble.PASSWORD: "answer.realm_other_password",
    RealmTrouble.REFUSED: "answer.realm_refuses",
}


def _place(address: Address) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _members(group: str, names: list[str], say: Texts) -> _Success:
    message = say("answer.members", group=group, count=len(names), names=", ".join(names))
    listed: list[JsonValue] = list(names)
    return message, {"conversation": f"group:{group}", "members": listed}, None


def foregone(request: Request) -> Answered | None:
    """What the server would say whatever it holds: it need not be asked. None: ask it."""
    match request:
        case Register():
            are_fine = all(_is_detail(text) for text in (request.country, request.full_name))
            return _invalid(request.name) or (None if are_fine else _failed(Code.BAD_REQUEST))
        case ChangeName() | AddGroup():
            return _invalid(request.name)
        case LogIn() if _invalid(request.name):
            return _failed(Code.WRONG_LOGIN)
        case AddRealm() if request.name and not is_alias(request.name):
            return Answered(0, Code.BAD_REQUEST, reason="name")
        case OpenPrivate():
            return _nowhere(request.name, Code.NO_SUCH_USER)
        case JoinGroup() | LeaveGroup() | AskMembers():
            return _nowhere(request.name, Code.NO_SUCH_GROUP)
        case Search() if len(request.words) > MAX_SEARCH or not request.words.isprintable():
            return _failed(Code.BAD_REQUEST)
        case _:
            return None


def _is_detail(text: str) -> bool:
    return len(text) <= MAX_DETAIL and text.isprintable()


def _invalid(name: str) -> Answered | None:
    try:
        normalise_name(name)
    except NameInvalid as invalid:
        return Answered(0, Code.NAME_INVALID, reason=invalid.reason.value)
    return None


def _nowhere(name: str, unknown: Code) -> Answered | None:
    """Of somebody, or a group, here or in another realm."""
    local, at, _ = name.partition("@")
    if _invalid(local):
        return _failed(unknown)
    if at and not is_alias(split_realm(name)[1].strip()):
        return _failed(Code.NO_SUCH_REALM)
    return None


def _failed(code: Code) -> Answered:
    return Answered(0, code)


def iso_time(sent_at: int) -> str:
    """For scripts: ISO 8601, UTC, to the millisecond."""
    instant = datetime.fromtimestamp(min(sent_at, _LAST_INSTANT) / 1000, UTC)
    return instant.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""What people do with conversations, in the room of server_parts: wishes, questions, reading."""

from server_parts import Guest, Room

from belonging import LogsAnswer, LogsRequest
from conversation import Entry, EntryKind
from entering import HeldLog
from protocol import Code, Verb
from protocol_frames import EntryPart, Posted, Refused
from protocol_requests import Answer, Fields


def asked(guest: Guest, verb: Verb, fields: Fields) -> Answer:
    answer = guest.ask(verb, fields)
    assert answer is not None
    return answer


def wishes(guest: Guest, verb: Verb, name: str, once: bytes | None = None) -> Answer:
    """PRIVATE, ADD_GROUP, JOIN_GROUP or LEAVE_GROUP."""
    return asked(guest, verb, {"once": (once or guest.chance(16)).hex(), "name": name})


def gets(guest: Guest, verb: Verb, name: str) -> int:
    """The conversation, when all is well."""
    answer = wishes(guest, verb, name)
    assert answer.code is Code.OK
    conversation = answer.fields["conversation"]
    assert isinstance(conversation, int)
    return conversation


def logs(guest: Guest, after: int = 0, held: tuple[HeldLog, ...] = ()) -> LogsAnswer:
    wish = LogsRequest(after, held)
    answer = asked(guest, Verb.LOGS, wish.encode())
    assert answer.code is Code.OK
    return LogsAnswer.decode(answer.fields, wish)


def numbers(answer: LogsAnswer) -> list[int]:
    return [log.conversation for log in answer.logs]


def says(guest: Guest, conversation: int, *texts: str) -> list[Code]:
    """How each was taken."""
    guest.take(Posted)
    guest.take(Refused)
    codes: list[Code] = []
    for text in texts:
        guest.send(guest.post(text, conversation=conversation))
        codes += [Code.OK for _ in guest.take(Posted)]
        codes += [Code(refused.code) for refused in guest.take(Refused)]
    return codes


def hears(guest: Guest, conversation: int) -> list[str]:
    """What came of a conversation since the last call."""
    parts = guest.take(EntryPart)
    guest.frames += [part for part in parts if part.conversation != conversation]
    return [told(part.body) for part in parts if part.conversation == conversation]


def told(body: bytes) -> str:
    entry = Entry.decode(body)
    is_text = entry.kind is EntryKind.TEXT
    return entry.text if is_text else f"{entry.name} {entry.kind.name.lower()}"


def on_disk(room: Room, conversation: int) -> list[str]:
    stored = room.store.storage.read(conversation, 1, 10_000, 1 << 24)
    return [told(one.body) for one in stored]


def account(room: Room, name: str, devices: int = 2) -> list[Guest]:
    """Sessions of somebody with an account."""
    clerk = room.comes(name)
    answer = asked(
        clerk,
        Verb.REGISTER,
        {
            "once": clerk.chance(16).hex(),
            "name": name,
            "salt": "aa" * 16,
            "iterations": 600_000,
            "stored_key": "bb" * 32,
            "server_key": "cc" * 32,
            "full_name": "",
            "country": "",
        },
    )
    assert answer.code is Code.OK
    asked(clerk, Verb.EXIT, {})
    sessions = [room.guest() for _ in range(devices)]
    for session in sessions:
        session.shake_hands()
        session.prove()
        assert session.enter(None, bytes.fromhex(str(answer.fields["token"]))).code is Code.OK
    return sessions


def comes_again(room: Room, guest: Guest) -> None:
    """A new session after a break: the server has forgotten what the old one followed."""
    room.pass_time(1)
    assert guest.comes_back(None).code is Code.OK
    guest.frames.clear()


def finish_jobs(room: Room) -> None:
    jobs, room.held_jobs = room.held_jobs or [], None
    for job in jobs:
        room.core.handle_result(job.key, job.run(), room.now)
    room.end_turn()

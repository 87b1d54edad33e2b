"""What tests of one realm, played by hand, say and hear."""

from fuzz_realms import (
    LinkedRealm,
)
from server_parts import Guest
from test_realms_attacks import said

from conversation import ConversationKind
from protocol import Code, Verb
from protocol_frames import Heads
from protocol_requests import Answer, Fields
from realms import SharedAnswer, SharedLog, Someone


def wishes(realm: LinkedRealm, verb: Verb, name: str) -> bytes:
    return realm.ana.request(verb, {"once": realm.ana.chance(16).hex(), "name": name})


def last(guest: Guest) -> Answer:
    return guest.answers[-1]


def reach(realm: LinkedRealm, verb: Verb, name: str, code: Code, fields: Fields) -> Code:
    """Ana wants somebody there; the realm answers so."""
    realm.ana.send(wishes(realm, verb, name))
    realm.turn()
    realm.answer(Verb.CONTACT, code, fields)
    return last(realm.ana).code


def shared(number: int, name: str = "rina", yours: str = "Ana") -> SharedLog:
    ours = Someone(number.to_bytes(8), name)
    return SharedLog(number, ConversationKind.PRIVATE, 1, ours=ours, yours=Someone(b"", yours))


def tells_logs(realm: LinkedRealm, *logs: SharedLog, code: Code = Code.OK) -> None:
    """It says that there is something new, is asked, and answers."""
    realm.send(Heads(tuple((log.conversation, 1) for log in logs)))
    realm.room.pass_time(0.2)
    realm.turn()
    realm.answer(Verb.SHARED, code, SharedAnswer(logs).encode())


def speaks(realm: LinkedRealm, number: int, text: str = "hai", name: str = "rina") -> None:
    """Whoever the log ``shared(number)`` is of."""
    realm.says(number, said(text)._replace(person=number, name=name))

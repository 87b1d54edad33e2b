"""Accounts for guests made by hand: see server_parts.Guest."""

from server_parts import Guest, Room

from auth_scram import ClientExchange, make_credentials
from conversation import ROOM, Entry
from entering import EnterAnswer, HeldLog
from protocol import Code, Verb
from protocol_requests import Answer, Fields, hex_field, number_field

FEW = 4096  # iterations, so that tests are quick
SECRET = "rahasia sekali"
QUESTION: Fields = {"epoch": "0" * 16, "after": 0, "start": "0" * 16}


def keys_of(password: str, salt: bytes = b"s" * 16) -> Fields:
    """What a client sends of a new password."""
    keys = make_credentials(password, salt, FEW)
    return {
        "salt": salt.hex(),
        "iterations": FEW,
        "stored_key": keys.stored_key.hex(),
        "server_key": keys.server_key.hex(),
    }


def ask(guest: Guest, verb: Verb, fields: Fields) -> Answer:
    """The answer, which must come."""
    answer = guest.ask(verb, fields)
    assert answer is not None
    return answer


def once(guest: Guest) -> str:
    """A new name for something that must happen once."""
    return guest.chance(16).hex()


def registration(guest: Guest, name: str, password: str = SECRET) -> Fields:
    """The fields of REGISTER."""
    return {
        "once": once(guest),
        "name": name,
        **keys_of(password),
        "full_name": "",
        "country": "Indonesia",
    }


def register(guest: Guest, name: str, password: str = SECRET) -> bytes:
    """Makes an account; the token that was given for it."""
    answer = ask(guest, Verb.REGISTER, registration(guest, name, password))
    assert answer.code is Code.OK
    return hex_field(answer.fields, "token", 32)


def challenge(guest: Guest, name: str, password: str = SECRET) -> tuple[ClientExchange, bytes]:
    """Our end after CHALLENGE, and the proof."""
    nonce = guest.chance(18)
    answer = ask(guest, Verb.CHALLENGE, {"name": name, "nonce": nonce.hex()})
    assert answer.code is Code.OK
    exchange = ClientExchange(name, password, nonce, guest.session.handshake_hash)
    proof = exchange.proof(
        hex_field(answer.fields, "salt", 16),
        number_field(answer.fields, "iterations"),
        hex_field(answer.fields, "nonce", 36),
    )
    return exchange, proof


def login_fields(guest: Guest, proof: bytes, logs: tuple[HeldLog, ...] = ()) -> Fields:
    """The fields of LOGIN, with the stream the guest has."""
    return {
        "once": once(guest),
        "proof": proof.hex(),
        "stream": guest.stream.hex(),
        "logs": [[log.conversation, log.have, log.chain.hex()] for log in logs],
    }


def log_in(guest: Guest, name: str, password: str = SECRET) -> Answer:
    """The answer to CHALLENGE and LOGIN; with OK the guest is that account from then on."""
    exchange, proof = challenge(guest, name, password)
    answer = ask(guest, Verb.LOGIN, login_fields(guest, proof))
    if answer.code is Code.OK:
        assert exchange.is_genuine(hex_field(answer.fields, "signature", 32))
        guest.entered = EnterAnswer.decode(answer.fields)
    return answer


def device(room: Room, token: bytes, host: str = "10.0.0.2") -> Guest:
    """Another device of an account: a session that entered by token."""
    guest = room.guest(host)
    assert guest.shake_hands()
    assert guest.prove() is Code.OK
    assert guest.enter(None, token).code is Code.OK
    return guest


def owner(room: Room, name: str = "Ana", host: str = "10.0.0.2") -> Guest:
    """Somebody who registered and logged in, having come as a guest."""
    guest = room.comes(f"tamu {name}", host)
    register(guest, name)
    assert log_in(guest, name).code is Code.OK
    return guest


def log_with_texts(room: Room) -> list[str]:
    """What stands in the room's log, with who was renamed to what."""
    stored = room.store.storage.read(ROOM, 1, 10_000, 1 << 24)
    entries = [Entry.decode(one.body) for one in stored]
    return [f"{entry.name} {entry.kind.name.lower()} {entry.text}".strip() for entry in entries]


def another(room: Room, host: str = "10.0.0.2") -> Guest:
    """One more device of Ana's, where she logged in."""
    guest = room.comes(f"tamu {len(room.events)}", host)
    assert log_in(guest, "Ana").code is Code.OK
    return guest

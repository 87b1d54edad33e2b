"""SCRAM-SHA-256: the RFC's exchange, and that nothing but the right password is believed."""

import base64
from typing import Any

import pytest
from conftest import load_vectors
from hypothesis import given
from hypothesis import strategies as st

from auth_scram import (
    ClientExchange,
    Keys,
    ServerExchange,
    are_iterations,
    auth_message,
    make_credentials,
    prove,
    verify,
)
from protocol import LocalError, PeerError
from records import Credentials

RFC: dict[str, Any] = load_vectors("scram_sha_256_rfc7677")
STEPS = RFC["intermediate_hex"]
NO_BINDING = b"n,,"

SALT, OURS, THEIRS, HASH = b"s" * 16, b"c" * 18, b"d" * 18, b"h" * 32
FEW = 4096  # iterations, so that tests are quick


def parts(message: str) -> dict[str, str]:
    """The attributes of an RFC message by their letters."""
    return {part[0]: part[2:] for part in message.split(",") if part[1:2] == "="}


SALT_OF_RFC = base64.b64decode(parts(RFC["server_first"])["s"])


def message_of_rfc(client_final: str) -> bytes:
    """What the server takes as said when it gets this last message."""
    final = parts(client_final)
    return auth_message(
        RFC["username"],
        parts(RFC["client_first"])["r"],
        final["r"],
        SALT_OF_RFC,
        FEW,
        base64.b64decode(final["c"]),
    )


def credentials(password: str = "pencil") -> Credentials:
    return Credentials(SALT, FEW, *make_credentials(password, SALT, FEW))


def client(name: str = "ana", password: str = "pencil", bound_to: bytes = HASH) -> ClientExchange:
    return ClientExchange(name, password, OURS, bound_to)


def server(name: str = "ana", password: str = "pencil") -> ServerExchange:
    return ServerExchange(name, credentials(password), OURS, THEIRS, HASH)


def signature(ana: ClientExchange, room: ServerExchange) -> bytes | None:
    return room.check(ana.proof(SALT, FEW, room.nonce))


# --- the RFC ---


def test_the_exchange_is_byte_for_byte_the_rfcs() -> None:
    message = message_of_rfc(RFC["client_final"])
    keys = make_credentials(RFC["password"], SALT_OF_RFC, FEW)

    proved = prove(RFC["password"], SALT_OF_RFC, FEW, message)

    assert message.decode() == STEPS["AuthMessage_utf8"]
    assert keys == (bytes.fromhex(STEPS["StoredKey"]), bytes.fromhex(STEPS["ServerKey"]))
    assert proved.proof.hex() == STEPS["ClientProof"]
    assert proved.proof == base64.b64decode(parts(RFC["client_final"])["p"])
    assert proved.signature.hex() == STEPS["ServerSignature"]
    assert proved.signature == base64.b64decode(parts(RFC["server_final"])["v"])
    assert verify(keys, message, proved.proof) == proved.signature


@pytest.mark.parametrize(
    "row",
    [row for row in RFC["must_reject"] if row["side"] == "server" and "p=" in row["client_final"]],
    ids=lambda row: row["why"],
)
def test_what_the_rfcs_server_must_refuse_is_refused(row: dict[str, str]) -> None:
    keys = make_credentials(RFC["password"], SALT_OF_RFC, FEW)
    proof = base64.b64decode(parts(row["client_final"])["p"])

    assert verify(keys, message_of_rfc(row["client_final"]), proof) is None


def test_commas_and_equals_signs_in_a_name_are_escaped() -> None:
    said = auth_message("a=b,c", "x", "xy", b"salt", FEW, NO_BINDING)

    assert said == b"n=a=3Db=2Cc,r=x,r=xy,s=c2FsdA==,i=4096,c=biws,r=xy"


def test_our_exchange_signs_nonces_in_hex_and_the_handshake() -> None:
    room = server()
    binding = base64.b64encode(b"p=ruang-handshake,," + HASH).decode()
    said = (
        f"n=ana,r={OURS.hex()},r={(OURS + THEIRS).hex()},s={base64.b64encode(SALT).decode()},"
        f"i=4096,c={binding},r={(OURS + THEIRS).hex()}"
    ).encode()

    assert client().proof(SALT, FEW, room.nonce) == prove("pencil", SALT, FEW, said).proof
    assert (
        prove("pencil", SALT, FEW, said).proof.hex()
        == "9cb2eb8e1507c97f718ff14953a8f576ef872315e2c927a265ae21f320c24ba0"
    )


# --- both ends ---


@given(name=st.text(max_size=8), password=st.text(st.characters(exclude_categories=()), max_size=8))
def test_whoever_knows_the_password_is_believed_and_can_believe(name: str, password: str) -> None:
    ana, room = client(name, password), server(name, password)

    signed = signature(ana, room)

    assert signed is not None
    assert ana.is_genuine(signed)


@given(place=st.integers(0, 255))
def test_a_proof_with_any_bit_changed_proves_nothing(place: int) -> None:
    room = server()
    proof = bytearray(client().proof(SALT, FEW, room.nonce))
    proof[place // 8] ^= 1 << place % 8

    assert room.check(bytes(proof)) is None


def test_the_same_password_from_another_keyboard_is_the_same() -> None:
    assert make_credentials("e\u0301", SALT, FEW) == make_credentials("\u00e9", SALT, FEW)
    assert make_credentials("Pencil", SALT, FEW) != make_credentials("pencil", SALT, FEW)


@pytest.mark.parametrize(
    "ana",
    [
        client(password="pencils"),
        client(name="Ana"),
        client(bound_to=b"i" * 32),  # passed on from a session with somebody between
    ],
    ids=["password", "name", "session"],
)
def test_a_proof_for_something_else_is_refused(ana: ClientExchange) -> None:
    assert signature(ana, server()) is None


def test_a_proof_does_not_fit_a_later_challenge() -> None:
    proof = client().proof(SALT, FEW, server().nonce)
    later = ServerExchange("ana", credentials(), OURS, b"e" * 18, HASH)

    assert later.check(proof) is None


def test_a_server_that_does_not_know_the_account_is_not_believed() -> None:
    ana = client()
    ana.proof(SALT, FEW, OURS + THEIRS)

    assert not ana.is_genuine(bytes(32))
    assert not ana.is_genuine(b"")


def test_a_signature_before_the_proof_is_our_own_defect() -> None:
    with pytest.raises(LocalError):
        client().is_genuine(bytes(32))


# --- false challenges ---


@pytest.mark.parametrize(
    ("salt", "iterations", "nonce"),
    [
        (SALT, 1, OURS + THEIRS),
        (SALT, 4095, OURS + THEIRS),
        (SALT, 2_000_001, OURS + THEIRS),
        (SALT, 2**31 - 1, OURS + THEIRS),
        (b"", FEW, OURS + THEIRS),
        (SALT[1:], FEW, OURS + THEIRS),
        (SALT, FEW, b"X" + OURS[1:] + THEIRS),
        (SALT, FEW, OURS),
        (SALT, FEW, OURS + THEIRS + b"x"),
        (SALT, FEW, THEIRS + OURS),
        (SALT, FEW, b""),
    ],
)
def test_a_challenge_that_shows_or_costs_too_much_gets_no_proof(
    salt: bytes, iterations: int, nonce: bytes
) -> None:
    ana = client()

    with pytest.raises(PeerError):
        ana.proof(salt, iterations, nonce)
    with pytest.raises(LocalError):  # nothing was worked out
        ana.is_genuine(bytes(32))


def test_the_bounds_of_iterations_are_included() -> None:
    asked = (4095, 4096, 600_000, 2_000_000, 2_000_001)

    assert [are_iterations(number) for number in asked] == [False, True, True, True, False]


def test_keys_show_nothing_of_themselves() -> None:
    keys = Keys(b"stored", b"server")

    assert "stored" not in repr(keys)
    assert "server" not in f"{keys}"
    assert "server" not in repr(Credentials(SALT, FEW, *keys))

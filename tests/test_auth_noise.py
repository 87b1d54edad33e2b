"""The handshake: three other implementations' vectors, forgeries, and whose turn it is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_noise import Initiator, Responder
from crypto import Aead, x25519_public
from protocol import LocalError, PeerError

VECTORS = Path(__file__).parent / "vectors"
OURS = "Noise_NX_25519_ChaChaPoly_SHA256"
PROLOGUE = b"Ruang NX 1"
STATIC, CLIENT, SERVER = b"\1" * 32, b"\2" * 32, b"\3" * 32
LOW_ORDER = bytes(32)


def vector(source: str) -> dict[str, Any]:
    text = (VECTORS / f"noise_nx_{source}.json").read_text(encoding="utf-8")
    (ours,) = [
        entry
        for entry in json.loads(text)["vectors"]
        if OURS in (entry.get("protocol_name"), entry.get("name"))
    ]
    found: dict[str, Any] = ours
    return found


def parties() -> tuple[Initiator, Responder]:
    return Initiator(PROLOGUE, CLIENT), Responder(PROLOGUE, STATIC, SERVER)


@pytest.mark.parametrize("source", ["cacophony", "snow", "noise_c"])
def test_every_message_is_byte_for_byte_that_of_other_implementations(source: str) -> None:
    known = {
        name: bytes.fromhex(value)
        for name, value in vector(source).items()
        if isinstance(value, str) and name.startswith(("init_", "resp_", "handshake_"))
    }
    first, second, *transport = [
        {name: bytes.fromhex(value) for name, value in message.items()}
        for message in vector(source)["messages"]
    ]
    initiator = Initiator(known["init_prologue"], known["init_ephemeral"])
    responder = Responder(known["resp_prologue"], known["resp_static"], known["resp_ephemeral"])

    assert initiator.write_first(first["payload"]) == first["ciphertext"]
    assert responder.read_first(first["ciphertext"]) == first["payload"]
    assert responder.write_second(second["payload"]) == second["ciphertext"]
    assert initiator.read_second(second["ciphertext"]) == second["payload"]

    expected_hash = known.get("handshake_hash", responder.handshake_hash)
    assert initiator.handshake_hash == responder.handshake_hash == expected_hash
    assert len(transport) >= 2
    for count, message in enumerate(transport):
        sender = (initiator, responder)[count % 2]
        key = (sender.initiator_key, sender.responder_key)[count % 2]
        nonce = bytes(4) + (count // 2).to_bytes(8, "little")
        assert Aead(key).seal(nonce, message["payload"], b"") == message["ciphertext"]


def test_both_ends_hold_the_same_keys_and_the_client_knows_the_servers_key() -> None:
    initiator, responder = parties()

    payload_up = responder.read_first(initiator.write_first(b"up"))
    payload_down = initiator.read_second(responder.write_second(b"down"))

    assert (payload_up, payload_down) == (b"up", b"down")
    assert initiator.handshake_hash == responder.handshake_hash
    assert initiator.initiator_key == responder.initiator_key
    assert initiator.responder_key == responder.responder_key
    assert initiator.initiator_key != initiator.responder_key
    assert initiator.server_key == x25519_public(STATIC)


def test_payloads_may_be_empty() -> None:
    initiator, responder = parties()

    assert responder.read_first(initiator.write_first()) == b""
    assert initiator.read_second(responder.write_second()) == b""


@given(chosen=st.integers(0))
def test_a_second_message_changed_in_any_byte_is_refused_and_leaves_no_trace(chosen: int) -> None:
    initiator, responder = parties()
    responder.read_first(initiator.write_first())
    genuine = responder.write_second(b"welcome")
    forged = bytearray(genuine)
    forged[chosen % len(forged)] ^= 1 + chosen % 255

    # The top bit of a point's encoding does not count (RFC 7748 §5), yet the hash covers it.
    with pytest.raises(PeerError):
        initiator.read_second(bytes(forged))

    assert not hasattr(initiator, "server_key")
    assert initiator.read_second(genuine) == b"welcome"
    assert initiator.handshake_hash == responder.handshake_hash


@given(message=st.binary(max_size=300))
def test_any_bytes_as_second_message_are_refused(message: bytes) -> None:
    initiator, _ = parties()
    initiator.write_first()

    with pytest.raises(PeerError):
        initiator.read_second(message)


def test_a_first_message_changed_on_the_way_makes_the_second_fail() -> None:
    initiator, responder = parties()
    first = bytearray(initiator.write_first(b"suite 1"))
    first[-1] ^= 1
    responder.read_first(bytes(first))

    with pytest.raises(PeerError):
        initiator.read_second(responder.write_second())


def test_ends_that_disagree_about_the_prologue_do_not_meet() -> None:
    initiator = Initiator(PROLOGUE, CLIENT)
    responder = Responder(PROLOGUE + b"\2", STATIC, SERVER)
    responder.read_first(initiator.write_first())

    with pytest.raises(PeerError):
        initiator.read_second(responder.write_second())


def test_a_client_point_of_low_order_gets_no_answer() -> None:
    _, responder = parties()
    responder.read_first(LOW_ORDER)

    with pytest.raises(PeerError):
        responder.write_second()

    assert not hasattr(responder, "initiator_key")


def test_a_server_point_of_low_order_is_refused() -> None:
    initiator, _ = parties()
    initiator.write_first()

    with pytest.raises(PeerError):
        initiator.read_second(LOW_ORDER + bytes(64))


@pytest.mark.parametrize("size", [0, 31])
def test_a_first_message_too_short_for_a_key_is_refused(size: int) -> None:
    _, responder = parties()

    with pytest.raises(PeerError):
        responder.read_first(bytes(size))


@pytest.mark.parametrize("done", [0, 1, 2])
def test_every_method_out_of_turn_is_our_own_defect(done: int) -> None:
    initiator, responder = parties()
    first = initiator.write_first() if done > 0 else b""
    if done > 0:
        responder.read_first(first)
    if done > 1:
        initiator.read_second(responder.write_second())

    calls: list[tuple[int, Callable[[], bytes]]] = [
        (0, initiator.write_first),
        (1, lambda: initiator.read_second(bytes(96))),
        (0, lambda: responder.read_first(bytes(32))),
        (1, responder.write_second),
    ]
    for turn, call in calls:
        if turn != done:
            with pytest.raises(LocalError):
                call()

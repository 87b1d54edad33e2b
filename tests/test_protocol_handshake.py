"""The handshake from INIT to keys: both ends agree, or there is no session at all (H7)."""

import hashlib
import hmac
import os
from dataclasses import replace

import pytest

import auth_noise
from crypto import Aead, x25519_public
from protocol import INIT_SIZE, Init, PeerError, Resp, RespPayload, Retry
from protocol_guards import CookieJar
from protocol_handshake import NO_COOKIE, ClientHandshake, SessionKeys, answer_init, reset_token

STATIC = b"\1" * 32
SERVER_KEY = x25519_public(STATIC)
PAYLOAD = RespPayload(0x1122334455667788, b"room" * 4, b"token" * 3 + b"!", 1, "Kelas 7B")
HERE = b"10.0.0.2 50000"


def answer(init: Init, payload: RespPayload = PAYLOAD) -> tuple[bytes, SessionKeys]:
    return answer_init(
        init, payload, static_private=STATIC, server_key=SERVER_KEY, random_bytes=os.urandom
    )


def flips(datagram: bytes) -> list[bytes]:
    """The datagram with each of its bits wrong."""
    whole = int.from_bytes(datagram, "big")
    return [(whole ^ 1 << bit).to_bytes(len(datagram), "big") for bit in range(8 * len(datagram))]


def test_both_ends_hold_the_same_keys_each_from_its_own_side() -> None:
    client = ClientHandshake(os.urandom)

    resp, server = answer(Init.decode(client.init()))
    keys, payload = client.receive_resp(resp)

    assert payload == PAYLOAD
    assert keys.receive_id == server.send_id == client.client_id
    assert keys.send_id == server.receive_id == PAYLOAD.server_session_id
    assert keys.receive_key == server.send_key
    assert keys.send_key == server.receive_key != server.send_key
    assert keys.handshake_hash == server.handshake_hash
    assert keys.server_key == server.server_key == SERVER_KEY


def test_two_handshakes_share_nothing() -> None:
    first, second = [ClientHandshake(os.urandom) for _ in range(2)]
    keys = [one.receive_resp(answer(Init.decode(one.init()))[0])[0] for one in (first, second)]

    assert first.client_id != second.client_id
    assert keys[0].handshake_hash != keys[1].handshake_hash
    assert len({key for one in keys for key in (one.receive_key, one.send_key)}) == 4


def test_keys_are_never_shown() -> None:
    client = ClientHandshake(os.urandom)
    keys, _ = client.receive_resp(answer(Init.decode(client.init()))[0])

    assert repr(keys.receive_key) not in repr(keys)
    assert repr(keys.send_key) not in repr(keys)


def test_an_init_has_1200_bytes_and_no_cookie_at_first() -> None:
    init = ClientHandshake(os.urandom).init()

    assert len(init) == INIT_SIZE
    assert Init.decode(init).cookie == NO_COOKIE


def test_the_same_init_goes_out_again_until_it_is_answered() -> None:
    client = ClientHandshake(os.urandom)

    assert client.init() == client.init()


def test_an_id_is_never_zero() -> None:
    assert ClientHandshake(bytes).client_id != 0


# --- RETRY ---


def test_a_retry_puts_its_cookie_into_the_next_init_and_changes_nothing_else() -> None:
    client = ClientHandshake(os.urandom)
    before = Init.decode(client.init())

    is_news = client.receive_retry(Retry(client.client_id, b"c" * 24).encode())

    assert is_news
    assert Init.decode(client.init()) == replace(before, cookie=b"c" * 24)


def test_the_same_retry_again_is_no_reason_to_send_at_once() -> None:
    client = ClientHandshake(os.urandom)
    retry = Retry(client.client_id, b"c" * 24).encode()
    client.receive_retry(retry)

    assert not client.receive_retry(retry)


def test_a_newer_cookie_takes_the_place_of_the_older() -> None:
    client = ClientHandshake(os.urandom)
    client.receive_retry(Retry(client.client_id, b"c" * 24).encode())

    assert client.receive_retry(Retry(client.client_id, b"d" * 24).encode())
    assert Init.decode(client.init()).cookie == b"d" * 24


def test_a_retry_for_another_client_is_ignored() -> None:
    client = ClientHandshake(os.urandom)
    before = client.init()

    assert not client.receive_retry(Retry(client.client_id ^ 1, b"c" * 24).encode())
    assert client.init() == before


def test_h7_a_retry_with_any_bit_wrong_or_cut_costs_an_init_at_most_and_never_the_handshake() -> (
    None
):
    client, jar = ClientHandshake(os.urandom), CookieJar(os.urandom)
    genuine = Retry(client.client_id, jar.issue(Init.decode(client.init()), HERE, now=1.0)).encode()

    for forged in [*flips(genuine), *(genuine[:size] for size in range(len(genuine)))]:
        try:
            client.receive_retry(forged)
        except PeerError:
            continue
        init = Init.decode(client.init())
        assert not jar.is_good(init, HERE, now=1.0)
    client.receive_retry(genuine)
    init = Init.decode(client.init())

    assert jar.is_good(init, HERE, now=1.0)
    client.receive_resp(answer(init)[0])


# --- INIT ---


def test_h7_an_init_with_any_bit_wrong_or_cut_or_longer_is_refused_before_any_arithmetic() -> None:
    client, jar = ClientHandshake(os.urandom), CookieJar(os.urandom)
    cookie = jar.issue(Init.decode(client.init()), HERE, now=1.0)
    client.receive_retry(Retry(client.client_id, cookie).encode())
    genuine = client.init()

    accepted = 0
    cut = [genuine[:size] for size in range(len(genuine))]
    for forged in [*flips(genuine), *cut, genuine + b"\0"]:
        try:
            accepted += jar.is_good(Init.decode(forged), HERE, now=1.0)
        except PeerError:
            continue

    assert accepted == 0
    assert jar.is_good(Init.decode(genuine), HERE, now=1.0)


@pytest.mark.parametrize("change", ["client_id", "ephemeral", "highest_version"])
def test_whatever_an_attacker_changes_in_the_clear_breaks_the_handshake(change: str) -> None:
    client = ClientHandshake(os.urandom)
    init = Init.decode(client.init())
    other = {
        "client_id": replace(init, client_id=init.client_id ^ 1),
        "ephemeral": replace(init, ephemeral=x25519_public(os.urandom(32))),
        "highest_version": replace(init, highest_version=2),
    }[change]

    resp, _ = answer(other)
    redirected = Resp(client.client_id, Resp.decode(resp).noise).encode()

    with pytest.raises(PeerError):
        client.receive_resp(redirected)


@pytest.mark.parametrize("point", [bytes(32), (1).to_bytes(32, "little")])
def test_p7_a_point_of_low_order_gets_no_answer(point: bytes) -> None:
    init = Init.decode(ClientHandshake(os.urandom).init())

    with pytest.raises(PeerError):
        answer(replace(init, ephemeral=point))


# --- RESP ---


def test_h7_a_resp_with_any_bit_wrong_or_cut_or_longer_leaves_no_trace() -> None:
    client = ClientHandshake(os.urandom)
    before = client.init()
    genuine, server = answer(Init.decode(before))

    cut = [genuine[:size] for size in range(len(genuine))]
    for forged in [*flips(genuine), *cut, genuine + b"\0"]:
        with pytest.raises(PeerError):
            client.receive_resp(forged)
    keys, payload = client.receive_resp(genuine)

    assert client.init() == before
    assert payload == PAYLOAD
    assert keys.handshake_hash == server.handshake_hash


def test_a_resp_to_an_earlier_attempt_is_refused() -> None:
    first, second = [ClientHandshake(os.urandom) for _ in range(2)]
    resp, _ = answer(Init.decode(first.init()))

    with pytest.raises(PeerError):
        second.receive_resp(resp)


def test_a_second_resp_is_refused() -> None:
    client = ClientHandshake(os.urandom)
    init = Init.decode(client.init())
    client.receive_resp(answer(init)[0])

    with pytest.raises(PeerError):
        client.receive_resp(answer(init)[0])


def test_a_server_that_answers_with_rubbish_is_the_peers_fault_however_often_it_does() -> None:
    client = ClientHandshake(os.urandom)
    init = Init.decode(client.init())
    prologue = b"Ruang NX 1" + client.init()[:12] + b"\x00\x01\x01"
    responder = auth_noise.Responder(prologue, STATIC, os.urandom(32))
    responder.read_first(init.ephemeral)
    rubbish = Resp(client.client_id, responder.write_second(b"rubbish")).encode()

    for _ in range(3):
        with pytest.raises(PeerError):
            client.receive_resp(rubbish)


def test_layout_of_a_resp() -> None:
    client = ClientHandshake(os.urandom)
    init = client.init()

    resp, _ = answer(Init.decode(init))

    assert resp[:12] == b"Rg\x01\x03" + init[4:12]
    assert len(resp) == 12 + 32 + 48 + (8 + 16 + 16 + 1 + 1 + len("Kelas 7B")) + 16


def test_the_prologue_is_the_clear_part_of_the_init() -> None:
    """Another implementation, given docs/protocol.md alone, must arrive at the same keys."""
    private, client_id = b"\2" * 32, 0x0102030405060708
    noise = auth_noise.Initiator(
        bytes.fromhex("5275616e67204e582031526701010102030405060708000101"), private
    )

    resp, keys = answer(Init(client_id, noise.write_first(), NO_COOKIE))
    payload = noise.read_second(resp[12:])

    assert RespPayload.decode(payload) == PAYLOAD
    assert noise.initiator_key == keys.receive_key
    sealed = Aead(noise.initiator_key).seal(bytes(12), b"", b"")
    assert Aead(keys.receive_key).open(bytes(12), sealed, b"") == b""


# --- RESET ---


def test_a_reset_token_is_16_bytes_of_hmac_sha256_over_the_session_id() -> None:
    expected = hmac.new(b"k" * 32, b"reset" + bytes(7) + b"\x05", hashlib.sha256).digest()[:16]

    assert reset_token(b"k" * 32, 5) == expected


def test_every_session_and_every_key_has_its_own_reset_token() -> None:
    tokens = {reset_token(key, session) for key in (b"k" * 32, b"l" * 32) for session in range(9)}

    assert len(tokens) == 18

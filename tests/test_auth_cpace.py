"""CPace: the draft's vectors, and that nothing but the right password is believed."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from auth_cpace import Initiator, Responder, generator
from protocol import LocalError, PeerError

DRAFT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "cpace_x25519_sha512.json").read_text(encoding="utf-8")
)
KNOWN = {name: bytes.fromhex(value) for name, value in DRAFT["G_25519"].items()}
LOW_ORDER = [
    bytes.fromhex(point["u"]) for point in DRAFT["low_order"]["points"] if point["must_abort"]
]
P = 2**255 - 19
A = 486662
PRS, CI, SID = b"kopi pagi", b"ruang", b"handshake hash"
SECRET_A, SECRET_B = b"\1" * 32, b"\2" * 32


def initiator(prs: bytes = PRS, ci: bytes = CI, sid: bytes = SID) -> Initiator:
    return Initiator(prs, ci, sid, SECRET_A)


def responder(prs: bytes = PRS, ci: bytes = CI, sid: bytes = SID) -> Responder:
    return Responder(prs, ci, sid, SECRET_B)


def generator_by_the_letter(prs: bytes, ci: bytes, sid: bytes) -> bytes:
    """The same from the texts: draft §8.1 and RFC 9380 §6.7.1, with the branch it describes."""

    def with_length(part: bytes) -> bytes:
        if len(part) < 128:
            return bytes([len(part)]) + part
        return bytes([len(part) % 128 + 128, len(part) // 128]) + part

    padding = bytes(max(0, 128 - len(with_length(prs)) - 9 - 1))
    text = b"".join(map(with_length, [b"CPace255", prs, padding, ci, sid]))
    r = int.from_bytes(hashlib.sha512(text).digest()[:32], "little") % 2**255
    u = -A * pow(1 + 2 * r * r, -1, P) % P
    if not is_on_curve(u):
        u = (-u - A) % P
    return u.to_bytes(32, "little")


def is_on_curve(u: int) -> bool:
    return pow(u**3 + A * u * u + u, (P - 1) // 2, P) in (0, 1)


# --- the draft ---


def test_the_exchange_is_byte_for_byte_the_drafts() -> None:
    inputs = (KNOWN["PRS"], KNOWN["CI"], KNOWN["sid"])
    a = Initiator(*inputs, KNOWN["ya"], own_ad=KNOWN["ADa"], peer_ad=KNOWN["ADb"])
    b = Responder(*inputs, KNOWN["yb"], own_ad=KNOWN["ADb"], peer_ad=KNOWN["ADa"])

    tag_a = a.finish(b.share)
    tag_b = b.finish(a.share)

    assert generator(*inputs) == KNOWN["g"]
    assert (a.share, b.share) == (KNOWN["Ya"], KNOWN["Yb"])
    assert a.isk == b.isk == KNOWN["ISK_IR"]
    assert a.verify(tag_b)
    assert b.verify(tag_a)


def test_the_tags_are_those_of_the_drafts_key_confirmation() -> None:
    a, b = initiator(), responder()
    b.finish(a.share)

    tag_a = a.finish(b.share)

    # §10.4 has no vectors; HMAC written out (RFC 2104): a key of one block, two hashes.
    key = hashlib.sha512(b"CPaceMac" + SID + a.isk).digest().ljust(128, b"\0")
    inner = hashlib.sha512(bytes(x ^ 0x36 for x in key) + b"\x20" + a.share + b"\x00").digest()
    assert tag_a == hashlib.sha512(bytes(x ^ 0x5C for x in key) + inner).digest()


@example(prs=bytes(127), ci=b"", sid=b"")
@example(prs=bytes(128), ci=b"", sid=b"")
@example(prs=bytes(300), ci=bytes(256), sid=bytes(200))
@given(prs=st.binary(max_size=300), ci=st.binary(max_size=200), sid=st.binary(max_size=64))
def test_the_generator_is_the_drafts_for_passwords_of_any_length(
    prs: bytes, ci: bytes, sid: bytes
) -> None:
    point = generator(prs, ci, sid)

    assert point == generator_by_the_letter(prs, ci, sid)
    assert is_on_curve(int.from_bytes(point, "little"))


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_a_share_of_low_order_ends_the_exchange(point: bytes) -> None:
    for party in (initiator(), responder()):
        with pytest.raises(PeerError):
            party.finish(point)

        assert not hasattr(party, "isk")
        with pytest.raises(LocalError):
            party.verify(bytes(64))


# --- who is believed ---


def test_equal_passwords_give_equal_keys_and_tags_that_verify() -> None:
    a, b = initiator(), responder()

    tag_a, tag_b = a.finish(b.share), b.finish(a.share)

    assert a.isk == b.isk
    assert b.verify(tag_a)
    assert a.verify(tag_b)


@pytest.mark.parametrize(
    "other",
    [
        responder(prs=b"kopi sore"),
        responder(prs=b""),
        responder(ci=b"another server"),
        responder(sid=b"another handshake"),
    ],
    ids=["password", "no password", "server", "session"],
)
def test_any_difference_makes_both_tags_wrong(other: Responder) -> None:
    a = initiator()

    tag_a, tag_b = a.finish(other.share), other.finish(a.share)

    assert a.isk != other.isk
    assert not a.verify(tag_b)
    assert not other.verify(tag_a)


def test_ends_that_saw_different_associated_data_do_not_agree() -> None:
    a = Initiator(PRS, CI, SID, SECRET_A, own_ad=b"one", peer_ad=b"two")
    b = Responder(PRS, CI, SID, SECRET_B, own_ad=b"two", peer_ad=b"One")

    tag_a = a.finish(b.share)
    b.finish(a.share)

    assert not b.verify(tag_a)


def test_a_server_that_sends_our_own_share_back_is_refused() -> None:
    """It would hear our tag first and could return that too, without knowing the password."""
    for party in (initiator(), responder()):
        with pytest.raises(PeerError):
            party.finish(party.share)


def test_our_share_sent_back_in_another_encoding_does_not_help_either() -> None:
    a = initiator()
    same_point = a.share[:31] + bytes([a.share[31] | 0x80])

    tag_a = a.finish(same_point)

    assert not a.verify(tag_a)


def test_our_own_tag_sent_back_is_not_believed() -> None:
    a, b = initiator(), responder()

    tag_a = a.finish(b.share)

    assert not a.verify(tag_a)


@pytest.mark.parametrize("tag", [b"", bytes(64), bytes(63), bytes(65)])
def test_a_tag_of_any_length_is_merely_wrong(tag: bytes) -> None:
    a, b = initiator(), responder()
    a.finish(b.share)

    assert not a.verify(tag)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_share_of_a_wrong_length_is_refused(size: int) -> None:
    with pytest.raises(PeerError):
        initiator().finish(bytes(size))


def test_a_refused_share_leaves_no_trace() -> None:
    a, b = initiator(), responder()
    with pytest.raises(PeerError):
        a.finish(bytes(32))

    tag_b = b.finish(a.share)
    a.finish(b.share)

    assert a.verify(tag_b)


# --- order ---


def test_verifying_before_the_shares_are_swapped_is_our_own_defect() -> None:
    with pytest.raises(LocalError):
        initiator().verify(bytes(64))


def test_an_exchange_is_used_once() -> None:
    a, b = initiator(), responder()
    a.finish(b.share)

    with pytest.raises(LocalError):
        a.finish(b.share)

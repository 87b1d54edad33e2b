"""X25519 and ChaCha20-Poly1305 as the rest of Ruang sees them: the same with and without package.

Vectors: RFC 7748, RFC 8439, Wycheproof, the points of the CPace draft (see vectors/README.md).
"""

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crypto
from protocol import PeerError

VECTORS = Path(__file__).parent / "vectors"
ZERO = bytes(32)
KEY = bytes(range(32))
NONCE = bytes(12)


def fresh_crypto(*, wish: str = "", package: bool = True) -> ModuleType:
    """A copy of crypto.py that made its choice under these circumstances."""
    spec = importlib.util.spec_from_file_location("crypto_under_test", crypto.__file__)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as circumstances:
        circumstances.setenv("RUANG_CRYPTO", wish)
        if not package:
            circumstances.setitem(sys.modules, "cryptography", None)
            circumstances.setitem(sys.modules, "cryptography.exceptions", None)
        spec.loader.exec_module(module)
    return module


OWN = fresh_crypto(wish="pure")
BEST = fresh_crypto()
needs_package = pytest.mark.skipif(
    BEST.BACKEND == "pure", reason="the cryptography package is not here"
)


@pytest.fixture(
    scope="module",
    params=[pytest.param(BEST, id="package", marks=needs_package), pytest.param(OWN, id="pure")],
)
def backend(request: pytest.FixtureRequest) -> Any:
    return request.param


def vectors(name: str) -> Any:
    return json.loads((VECTORS / name).read_text(encoding="utf-8"))


def cases(name: str) -> list[dict[str, Any]]:
    return [{**group, **case} for group in vectors(name)["testGroups"] for case in group["tests"]]


# --- which of the two ---


@needs_package
def test_the_package_is_used_if_it_is_here() -> None:
    assert BEST.BACKEND == "cryptography"


def test_our_own_is_used_if_asked_for() -> None:
    assert OWN.BACKEND == "pure"


def test_our_own_is_used_if_the_package_is_missing() -> None:
    assert fresh_crypto(package=False).BACKEND == "pure"


# --- X25519 ---


def test_x25519_gives_what_rfc_7748_lists(backend: Any) -> None:
    for case in vectors("x25519_rfc7748.json")["functions"]:
        scalar, u = bytes.fromhex(case["scalar"]), bytes.fromhex(case["u"])

        assert backend.x25519(scalar, u).hex() == case["out"]


@pytest.mark.uncounted
def test_x25519_repeated_a_thousand_times_gives_what_rfc_7748_lists(backend: Any) -> None:
    iterated = vectors("x25519_rfc7748.json")["iterated"]
    k = u = bytes.fromhex(iterated["start_k_and_u"])
    seen = {}

    for count in range(1, 1001):
        k, u = backend.x25519(k, u), k
        seen[str(count)] = k.hex()

    assert seen["1"] == iterated["after"]["1"]
    assert seen["1000"] == iterated["after"]["1000"]


def test_two_people_agree_on_a_secret(backend: Any) -> None:
    case = {
        name: bytes.fromhex(value)
        for name, value in vectors("x25519_rfc7748.json")["diffie_hellman"].items()
    }

    assert backend.x25519_public(case["alice_private"]) == case["alice_public"]
    assert backend.x25519_public(case["bob_private"]) == case["bob_public"]
    assert backend.x25519(case["alice_private"], case["bob_public"]) == case["shared"]
    assert backend.x25519(case["bob_private"], case["alice_public"]) == case["shared"]


@pytest.mark.uncounted
def test_x25519_passes_wycheproof_and_refuses_every_zero_result(backend: Any) -> None:
    tried = refused = 0
    for case in cases("wycheproof_x25519_test.json"):
        private, public = bytes.fromhex(case["private"]), bytes.fromhex(case["public"])
        shared = bytes.fromhex(case["shared"])
        tried += 1
        if shared == ZERO:
            refused += 1
            with pytest.raises(PeerError):
                backend.x25519(private, public)
        else:
            assert backend.x25519(private, public) == shared, case["tcId"]

    assert (tried, refused) == (518, 31)


def test_points_of_low_order_and_odd_encodings_give_what_the_cpace_draft_lists(
    backend: Any,
) -> None:
    low_order = vectors("cpace_x25519_sha512.json")["low_order"]
    scalar = bytes.fromhex(low_order["scalar"])
    for point in low_order["points"]:
        u = bytes.fromhex(point["u"])
        if point["must_abort"]:
            with pytest.raises(PeerError):
                backend.x25519(scalar, u)
        else:
            assert backend.x25519(scalar, u).hex() == point["q"]


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_public_key_of_a_wrong_length_is_the_peers_fault(backend: Any, size: int) -> None:
    with pytest.raises(PeerError):
        backend.x25519(KEY, bytes(size))


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_private_key_of_a_wrong_length_is_our_fault(backend: Any, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        backend.x25519(bytes(size), KEY)
    with pytest.raises(ValueError, match="32 bytes"):
        backend.x25519_public(bytes(size))


# --- ChaCha20-Poly1305 ---


def test_the_aead_gives_what_rfc_8439_lists(backend: Any) -> None:
    for case in vectors("chacha20_poly1305_rfc8439.json")["vectors"]:
        nonce, associated = bytes.fromhex(case["nonce"]), bytes.fromhex(case["aad"])
        plaintext = bytes.fromhex(case["plaintext"])
        aead = backend.Aead(bytes.fromhex(case["key"]))

        sealed = aead.seal(nonce, plaintext, associated)

        assert sealed.hex() == case["ciphertext"] + case["tag"]
        assert aead.open(nonce, sealed, associated) == plaintext


def test_the_aead_passes_wycheproof(backend: Any) -> None:
    tried = 0
    for case in cases("wycheproof_chacha20_poly1305_test.json"):
        tried += 1
        aead = backend.Aead(bytes.fromhex(case["key"]))
        nonce, associated = bytes.fromhex(case["iv"]), bytes.fromhex(case["aad"])
        plaintext, sealed = bytes.fromhex(case["msg"]), bytes.fromhex(case["ct"] + case["tag"])
        if case["result"] == "valid":
            assert aead.seal(nonce, plaintext, associated) == sealed, case["tcId"]
            assert aead.open(nonce, sealed, associated) == plaintext, case["tcId"]
        elif len(nonce) == 12:
            with pytest.raises(PeerError):
                aead.open(nonce, sealed, associated)
        else:  # a nonce is never the peer's to choose: its length is our own defect
            with pytest.raises(ValueError, match="12 bytes"):
                aead.open(nonce, sealed, associated)
            with pytest.raises(ValueError, match="12 bytes"):
                aead.seal(nonce, plaintext, associated)

    assert tried == 325


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_an_aead_key_of_a_wrong_length_is_our_fault(backend: Any, size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        backend.Aead(bytes(size))


@given(plaintext=st.binary(max_size=200), associated=st.binary(max_size=40), chosen=st.integers(0))
def test_a_change_of_any_byte_is_refused(
    backend: Any, plaintext: bytes, associated: bytes, chosen: int
) -> None:
    aead = backend.Aead(KEY)
    everything = bytearray(associated + aead.seal(NONCE, plaintext, associated))
    everything[chosen % len(everything)] ^= 1 + chosen % 255

    with pytest.raises(PeerError):
        aead.open(NONCE, bytes(everything[len(associated) :]), bytes(everything[: len(associated)]))


@given(sealed=st.binary(max_size=100))
def test_any_bytes_at_all_are_refused_with_a_peer_error(backend: Any, sealed: bytes) -> None:
    with pytest.raises(PeerError):
        backend.Aead(KEY).open(NONCE, sealed, b"")


def test_another_nonce_or_key_opens_nothing(backend: Any) -> None:
    sealed = backend.Aead(KEY).seal(NONCE, b"halo", b"")

    with pytest.raises(PeerError):
        backend.Aead(KEY).open(b"\1" + NONCE[1:], sealed, b"")
    with pytest.raises(PeerError):
        backend.Aead(KEY[::-1]).open(NONCE, sealed, b"")

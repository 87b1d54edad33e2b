import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import (
    INIT_SIZE,
    MAX_DATAGRAM,
    MAX_NUMBER,
    PREFIX,
    DatagramType,
    Init,
    JsonValue,
    PeerError,
    Reset,
    Resp,
    RespPayload,
    Retry,
    datagram_type,
    decode_data_header,
    decode_object,
    decode_text,
    encode_data_header,
    encode_object,
    fail,
)

ids = st.integers(1, 2**64 - 1)
keys = st.binary(min_size=32, max_size=32)
cookies = st.binary(min_size=24, max_size=24)
tokens = st.binary(min_size=16, max_size=16)
rubbish = st.one_of(
    st.binary(max_size=MAX_DATAGRAM),
    st.builds(
        lambda kind, rest: PREFIX + bytes([kind]) + rest,
        st.sampled_from([1, 2, 3, 4, 0x10, 0x11, 0x99]),
        st.binary(max_size=120),
    ),
)
INIT = Init(client_id=0x0102030405060708, ephemeral=b"\xee" * 32, cookie=b"\xcc" * 24)
RETRY = Retry(client_id=0x0102030405060708, cookie=b"\xcc" * 24)
RESP = Resp(client_id=0x0102030405060708, noise=b"\xab" * 96)
RESET = Reset(session_id=0x0102030405060708, token=b"\xdd" * 16)
PAYLOAD = RespPayload(
    server_session_id=0x0102030405060708,
    room_id=b"\xaa" * 16,
    reset_token=b"\xdd" * 16,
    highest_version=1,
    room_name="Kelas 7ä",
)


# --- layouts: one golden hex each ---


def test_layout_of_init() -> None:
    encoded = INIT.encode()

    assert len(encoded) == INIT_SIZE
    assert encoded[:71].hex() == (
        "52670101" + "0102030405060708" + "ee" * 32 + "cc" * 24 + "0001" + "01"
    )
    assert encoded[71:] == bytes(INIT_SIZE - 71)


def test_layout_of_retry() -> None:
    assert RETRY.encode().hex() == "52670102" + "0102030405060708" + "cc" * 24


def test_layout_of_resp() -> None:
    assert RESP.encode().hex() == "52670103" + "0102030405060708" + "ab" * 96


def test_layout_of_resp_payload() -> None:
    assert PAYLOAD.encode().hex() == (
        "0102030405060708" + "aa" * 16 + "dd" * 16 + "01" + "09" + "4b656c61732037c3a4"
    )


def test_layout_of_reset() -> None:
    assert RESET.encode().hex() == "52670104" + "0102030405060708" + "dd" * 16


def test_layout_of_the_header_of_data() -> None:
    header = encode_data_header(DatagramType.DATA_TO_CLIENT, 0x0102030405060708, 9)

    assert header.hex() == "52670111" + "0102030405060708" + "0000000000000009"


# --- round trips ---


@given(ids, keys, cookies, st.integers(1, 255))
def test_init_comes_back(client_id: int, key: bytes, cookie: bytes, version: int) -> None:
    init = Init(client_id, key, cookie, highest_version=version)

    assert Init.decode(init.encode()) == init


@given(ids, cookies)
def test_retry_comes_back(client_id: int, cookie: bytes) -> None:
    retry = Retry(client_id, cookie)

    assert Retry.decode(retry.encode()) == retry


@given(ids, st.binary(min_size=96, max_size=400))
def test_resp_comes_back(client_id: int, noise: bytes) -> None:
    resp = Resp(client_id, noise)

    assert Resp.decode(resp.encode()) == resp


@given(ids, tokens, tokens, st.integers(0, 255), st.text(max_size=16))
def test_resp_payload_comes_back(
    session_id: int, room_id: bytes, token: bytes, version: int, name: str
) -> None:
    payload = RespPayload(session_id, room_id, token, version, name)

    assert RespPayload.decode(payload.encode()) == payload


@given(ids, tokens)
def test_reset_comes_back(session_id: int, token: bytes) -> None:
    reset = Reset(session_id, token)

    assert Reset.decode(reset.encode()) == reset


@given(
    st.sampled_from([DatagramType.DATA_TO_SERVER, DatagramType.DATA_TO_CLIENT]),
    st.integers(0, 2**64 - 1),
    st.integers(0, MAX_NUMBER - 1),
)
def test_header_of_data_comes_back(kind: DatagramType, session_id: int, number: int) -> None:
    datagram = encode_data_header(kind, session_id, number) + bytes(16)

    assert datagram_type(datagram) == kind
    assert decode_data_header(datagram) == (session_id, number)


# --- bytes of strangers ---


@given(rubbish)
def test_any_bytes_decode_or_raise_peer_error_and_nothing_else(datagram: bytes) -> None:
    for decode in (
        datagram_type,
        Init.decode,
        Retry.decode,
        Resp.decode,
        RespPayload.decode,
        Reset.decode,
        decode_data_header,
        decode_text,
        decode_object,
    ):
        try:
            decode(datagram)
        except PeerError:
            continue


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        PREFIX,
        b"Rg\x01" + b"\x10" + bytes(15),
        b"Rg\x02\x10" + bytes(40),
        b"rg\x01\x10" + bytes(40),
        b"Rg\x01\x05" + bytes(40),
    ],
)
def test_a_datagram_of_others_has_no_type(datagram: bytes) -> None:
    with pytest.raises(PeerError):
        datagram_type(datagram)


@pytest.mark.parametrize(
    "datagram",
    [
        INIT.encode()[:-1],
        INIT.encode() + b"\0",
        INIT.encode()[:-1] + b"\x01",
        INIT.encode()[:71] + b"\x01" + INIT.encode()[72:],
        RETRY.encode().ljust(INIT_SIZE, b"\0"),
        replace(INIT, client_id=0).encode(),
        replace(INIT, suite=2).encode(),
        replace(INIT, highest_version=0).encode(),
    ],
)
def test_an_init_that_is_not_exactly_right_is_refused(datagram: bytes) -> None:
    with pytest.raises(PeerError):
        Init.decode(datagram)


def test_cut_and_lengthened_answers_are_refused() -> None:
    for decode, encoded in (
        (Retry.decode, RETRY.encode()),
        (Reset.decode, RESET.encode()),
        (RespPayload.decode, PAYLOAD.encode()),
    ):
        for wrong in (encoded[:-1], encoded + b"\0", encoded[:10]):
            with pytest.raises(PeerError):
                decode(wrong)
    with pytest.raises(PeerError):
        Resp.decode(RESP.encode()[: 12 + 32 + 48 + 15])
    with pytest.raises(PeerError):
        Resp.decode(b"Rg\x01\x02" + RESP.encode()[4:])


@pytest.mark.parametrize("name", ["a" * 65, "\udcff"])
def test_a_bad_room_name_is_refused(name: str) -> None:
    raw = name.encode("utf-8", "surrogatepass")

    encoded = replace(PAYLOAD, room_name="").encode()[:-1] + bytes([len(raw)]) + raw

    with pytest.raises(PeerError):
        RespPayload.decode(encoded)


def test_a_datagram_number_beyond_the_limit_is_refused() -> None:
    datagram = encode_data_header(DatagramType.DATA_TO_SERVER, 1, MAX_NUMBER) + bytes(16)

    with pytest.raises(PeerError):
        decode_data_header(datagram)
    with pytest.raises(PeerError):
        decode_data_header(datagram[:35])


# --- JSON ---

json_values: st.SearchStrategy[JsonValue] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)


@given(st.dictionaries(st.text(max_size=8), st.text() | st.integers() | st.none(), max_size=5))
def test_objects_come_back(fields: dict[str, JsonValue]) -> None:
    assert decode_object(encode_object(fields)) == fields


def test_layout_of_an_object() -> None:
    assert encode_object({"name": "Ayu", "n": [1, None]}) == b'{"name":"Ayu","n":[1,null]}'


@given(json_values)
def test_only_objects_are_objects(value: JsonValue) -> None:
    with pytest.raises(PeerError):
        decode_object(json.dumps(value).encode())


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b'"x"',
        b'{"a":1,"a":2}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b'{"a":"\xff"}',
        b'{"a":1}x',
        b"{'a':1}",
        b'{"a":[[[[1]]]]}',
        b'{"a":' * 500,
        b'{"a":"\\"",' + b'"b":[' * 5,
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_json_that_python_would_forgive_is_refused(text: bytes) -> None:
    with pytest.raises(PeerError):
        decode_object(text)


def test_objects_may_be_four_deep() -> None:
    assert decode_object(b'{"a":[[{"b":1}]]}') == {"a": [[{"b": 1}]]}


def test_brackets_in_a_text_are_no_depth() -> None:
    fields: dict[str, JsonValue] = {"name": '[[[[["{{{{{', "back": "\\"}

    assert decode_object(encode_object(fields)) == fields


def test_fail_raises() -> None:
    with pytest.raises(PeerError, match="because"):
        fail("because")

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversation import (
    CHAIN_SIZE,
    FIRST_CHAIN,
    MAX_NAME,
    NO_TAG,
    Entry,
    EntryKind,
    FileNote,
    Person,
    Presence,
    RefusalNote,
    draft_tag,
    is_file_name,
    is_postable_text,
    next_chain,
)
from protocol import MAX_FILE, MAX_FILE_NAME, MAX_TEXT, Code, PeerError

u64 = st.integers(0, 2**64 - 1)
names = st.text(max_size=MAX_NAME)
texts = st.text(max_size=200)
entries = st.builds(
    Entry, st.binary(min_size=8, max_size=8), st.sampled_from(EntryKind), u64, u64, names, texts
)
people = st.builds(
    Person, u64, names, st.sampled_from(Presence), st.booleans(), st.integers(0, 0xFFFF)
)
file_names = st.text(min_size=1, max_size=60).filter(is_file_name)
notes = st.builds(
    FileNote, st.binary(min_size=32, max_size=32), st.integers(0, MAX_FILE), file_names
)
NOTE = FileNote(bytes(range(32)), 5_000_000, "tugas akhir.pdf")
ENTRY = Entry(bytes.fromhex("a1a2a3a4a5a6a7a8"), EntryKind.TEXT, 1_700_000_000_000, 7, "Ayü", "hi")
PERSON = Person(7, "Ayü", Presence.AWAY, is_account=True, round_trip_ms=0x1234)


# --- layouts ---


def test_layout_of_an_entry() -> None:
    assert ENTRY.encode().hex() == (
        "a1a2a3a4a5a6a7a8" + "01" + "0000018bcfe56800" + "0000000000000007" + "04" + "4179c3bc6869"
    )


def test_layout_of_a_person() -> None:
    assert PERSON.encode(epoch=9).hex() == (
        "0000000000000009" + "0000000000000007" + "02" + "01" + "1234" + "4179c3bc"
    )


def test_tag_and_chain_are_what_others_must_compute_too() -> None:
    stream = bytes(range(16))

    assert (
        draft_tag(stream, 3)
        == hashlib.blake2s(stream + b"\0\0\0\0\0\0\0\3", digest_size=8).digest()
    )
    assert draft_tag(stream, 3).hex() == "da4baafab8a6dd42"
    assert next_chain(FIRST_CHAIN, ENTRY.encode()).hex() == "588a6230d8a030ec"


def test_layout_of_what_an_entry_says_of_a_file() -> None:
    assert NOTE.encode() == (
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 5000000 tugas akhir.pdf"
    )


# --- round trips ---


@given(notes)
def test_what_an_entry_says_of_a_file_comes_back(note: FileNote) -> None:
    assert FileNote.decode(note.encode()) == note


@given(entries)
def test_an_entry_comes_back(entry: Entry) -> None:
    assert Entry.decode(entry.encode()) == entry


@given(people, u64)
def test_a_person_comes_back(person: Person, epoch: int) -> None:
    assert Person.decode(person.encode(epoch)) == (epoch, person)


def test_a_round_trip_too_long_for_its_field_is_shown_as_the_longest() -> None:
    slow = Person(7, "Ayu", Presence.HERE, round_trip_ms=100_000)

    assert Person.decode(slow.encode(1))[1].round_trip_ms == 0xFFFF


# --- bytes of others ---


def test_what_was_refused_is_known_by_how_it_began() -> None:
    said = Entry(NO_TAG, EntryKind.TEXT, 0, 7, "ana", "halo " * 100)
    shared = said._replace(kind=EntryKind.FILE, text=NOTE.encode())

    for entry, excerpt in ((said, ("halo " * 100)[:80]), (shared, "tugas akhir.pdf")):
        refusal = RefusalNote.about(entry, Code.MUTED)
        assert refusal.encode() == f"undelivered 16 {excerpt}"
        assert RefusalNote.decode(refusal.encode()) == refusal


def test_a_refusal_for_an_unknown_reason_is_one_all_the_same() -> None:
    assert RefusalNote.decode("undelivered 30") == (Code.NO_SUCH_USER, "")
    assert RefusalNote.decode("undelivered 255 halo") == (Code.BAD_REQUEST, "halo")
    assert RefusalNote.decode("undelivered 0 halo") == (Code.BAD_REQUEST, "halo")


@pytest.mark.parametrize(
    "text", ["", "undelivered", "undelivered x", "undelivered 1234", "besok libur 16"]
)
def test_other_notices_are_no_refusals(text: str) -> None:
    with pytest.raises(PeerError):
        RefusalNote.decode(text)


@given(st.binary(max_size=300) | entries.map(lambda entry: entry.encode()[:-1]))
def test_any_bytes_decode_or_raise_peer_error_and_nothing_else(body: bytes) -> None:
    for decode in (Entry.decode, Person.decode):
        try:
            decode(body)
        except PeerError:
            continue


@pytest.mark.parametrize(
    "body",
    [
        b"",
        ENTRY.encode()[:25],
        ENTRY.encode()[:8] + b"\x63" + ENTRY.encode()[9:],  # unknown kind
        ENTRY.encode()[:25] + b"\x05" + b"name",  # name cut
        ENTRY.encode()[:25] + b"\x02" + b"\xc3(",  # name not UTF-8
        ENTRY.encode() + b"\xff",  # text not UTF-8
        Entry(NO_TAG, EntryKind.TEXT, 0, 0, "", "x" * (MAX_TEXT + 1)).encode(),
    ],
)
def test_a_broken_entry_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        Entry.decode(body)


@pytest.mark.parametrize(
    "body",
    [
        PERSON.encode(9)[:19],
        PERSON.encode(9)[:16] + b"\x09" + PERSON.encode(9)[17:],  # unknown presence
        PERSON.encode(9) + b"n" * 256,
        PERSON.encode(9) + b"\xff",
    ],
)
def test_a_broken_person_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        Person.decode(body)


@given(st.text(max_size=120) | notes.map(lambda note: note.encode()[1:]))
def test_any_text_says_something_of_a_file_or_raises_peer_error(text: str) -> None:
    try:
        note = FileNote.decode(text)
    except PeerError:
        return
    assert FileNote.decode(note.encode()) == note


FILE_HEX = NOTE.file.hex()


@pytest.mark.parametrize(
    "text",
    [
        "",
        FILE_HEX,
        f"{FILE_HEX} 5",
        f"{FILE_HEX} 5 ",
        f"{FILE_HEX[:-1]} 5 a",
        f"{FILE_HEX}0 5 a",
        f"{FILE_HEX.upper()} 5 a",
        f"{FILE_HEX} -5 a",
        f"{FILE_HEX} 5.0 a",
        f"{FILE_HEX} \u0665 a",  # a digit, but not one of ours
        f"{FILE_HEX} {MAX_FILE + 1} a",
        f"{FILE_HEX} {'9' * 5000} a",
        f"{FILE_HEX} 5 ../a",
    ],
)
def test_what_says_nothing_of_a_file_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        FileNote.decode(text)


@pytest.mark.parametrize(
    ("name", "may_be_called_so"),
    [
        ("a.txt", True),
        ("Laporan (2).pdf", True),
        ("..", True),  # whoever saves it makes it safe
        ("x" * MAX_FILE_NAME, True),
        ("x" * (MAX_FILE_NAME + 1), False),
        ("\u00fc" * (MAX_FILE_NAME // 2 + 1), False),
        ("", False),
        ("a/b", False),
        ("a\\b", False),
        ("a\nb", False),
        ("a\0", False),
        ("gpj.\u202eexe", False),
        ("\ud800", False),
    ],
)
def test_a_file_is_called_by_what_can_be_shown_in_one_line(
    name: str, may_be_called_so: bool
) -> None:
    assert is_file_name(name) == may_be_called_so


# --- what they promise ---


@given(st.lists(entries, min_size=1, max_size=4), st.data())
def test_a_chain_tells_one_history_from_another(log: list[Entry], data: st.DataObject) -> None:
    changed = list(log)
    place = data.draw(st.integers(0, len(log) - 1))
    changed[place] = data.draw(entries.filter(lambda entry: entry != log[place]))

    chains = []
    for history in (log, changed):
        chain = FIRST_CHAIN
        for entry in history:
            chain = next_chain(chain, entry.encode())
        chains.append(chain)

    assert len(chains[0]) == CHAIN_SIZE
    assert chains[0] != chains[1]


def test_a_tag_names_one_draft_of_one_stream() -> None:
    tags = {draft_tag(bytes([stream]) * 16, draft) for stream in range(10) for draft in range(10)}

    assert len(tags) == 100
    assert NO_TAG not in tags


@pytest.mark.parametrize(
    ("text", "is_postable"), [("hi", True), (" a ", True), ("", False), (" \n\t\u3000", False)]
)
def test_white_space_alone_says_nothing(text: str, is_postable: bool) -> None:
    assert is_postable_text(text) == is_postable

"""Links at the edges of what is usual: too many, too late, refused, and again."""

import pytest
from fuzz_realms import (
    ALIAS,
    BOB_THERE,
    GROUP_LOG,
    OUTGOING_LOG,
    PRIVATE_LOG,
    TIGHT,
    LinkedRealm,
)
from realm_parts import last, reach, shared, speaks, tells_logs
from server_parts import FIRST_UTC
from test_realms_attacks import said, shows

from conversation import ConversationKind, Entry, FileNote
from protocol import BLOCK, Code, Job, Verb
from protocol_frames import Chunk, EntryPart, Heads, Pull, Want
from protocol_requests import Fields
from realms import SharedAnswer, SharedLog, Someone
from records import FileRecord
from server_events import CutRealm
from server_stock import FILE_COST

BOB = Someone(BOB_THERE, "bob")


# --- logs ---


def test_names_that_cannot_be_are_refused_with_their_logs(realm: LinkedRealm) -> None:
    nobody = SharedLog(32, ConversationKind.PRIVATE, 1, ours=Someone(b"", "x"), yours=BOB)
    unknown = Someone(b"", "x")
    nameless = SharedLog(33, ConversationKind.PRIVATE, 1, ours=unknown, yours=Someone(b"", "Ana"))

    tells_logs(realm, shared(30, "x\u202e"), shared(31, "a@b"), nobody, nameless)

    told = {one.theirs: one.code for one in realm.room.store.undelivered(realm.realm)}
    assert told == {
        30: Code.NAME_INVALID,
        31: Code.BAD_REQUEST,
        32: Code.NO_SUCH_USER,
        33: Code.BAD_REQUEST,
    }


def test_logs_are_placed_as_slowly_as_people_are_looked_for(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = realm.room.core._abroad.logs._bounds[realm.realm]  # noqa: SLF001
    assert bounds.contacts.take(realm.room.now, bounds.contacts.level(realm.room.now) - 1.0)

    tells_logs(realm, shared(30, yours="x"), shared(31, yours="y"))
    at_once = len(realm.room.store.undelivered(realm.realm))
    realm.room.pass_time(3)
    realm.turn()
    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((shared(31, yours="y"),)).encode())

    assert at_once == 1
    assert realm.room.store.followed(realm.realm, 31) is not None


def test_shared_is_asked_again_after_no_answer_and_after_a_full_disk(realm: LinkedRealm) -> None:
    tells_logs(realm, shared(30), code=Code.DISK_FULL)
    realm.room.pass_time(6)
    realm.turn()
    assert realm.is_asked(Verb.SHARED)

    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((shared(30),)).encode())
    realm.room.store.full = {"add_private"}
    speaks(realm, 30)
    assert realm.room.store.followed(realm.realm, 30) is None
    realm.room.store.full = set()
    realm.room.pass_time(6)
    realm.turn()
    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((shared(30),)).encode())
    speaks(realm, 30)

    followed = realm.room.store.followed(realm.realm, 30)
    assert followed is not None
    assert [entry.text for entry in realm.entries(followed.ours)] == ["hai"]


def test_a_log_whose_refusal_the_disk_did_not_take_is_asked_for_again(realm: LinkedRealm) -> None:
    realm.room.store.full = {"add_undelivered"}
    tells_logs(realm, shared(30, yours="siapa"))
    realm.room.store.full = set()
    before = realm.room.store.undelivered(realm.realm)

    realm.room.pass_time(6)
    realm.turn()
    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((shared(30, yours="siapa"),)).encode())

    assert before == []
    assert [one.theirs for one in realm.room.store.undelivered(realm.realm)] == [30]


def test_a_private_log_has_a_place_once_somebody_speaks_there(realm: LinkedRealm) -> None:
    assert realm.ana.entered is not None
    store, ana = realm.room.store, realm.ana.entered.person
    before = store.conversations_of(ana), store.count_foreign_people(realm.realm)
    quiet = said("dari Ana")._replace(person=1, name="Ana@sekolah")

    tells_logs(realm, shared(130))
    realm.says(130, quiet)
    nothing = store.conversations_of(ana), store.count_foreign_people(realm.realm)
    unplaced = store.followed(realm.realm, 130)
    speaks(realm, 130)

    assert (nothing, unplaced) == (before, None)
    followed = store.followed(realm.realm, 130)
    assert followed is not None
    assert [entry.text for entry in realm.entries(followed.ours)] == ["hai"]


def test_logs_without_a_place_count_as_others_do(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_following.MOST_READ", 100)
    bounds = realm.room.core._abroad.logs._bounds[realm.realm]  # noqa: SLF001
    tells_logs(realm, *(shared(number) for number in range(30, 80)))
    level = bounds.contacts.level(realm.room.now)

    realm.send(Heads(((30, 0),)))
    tells_logs(realm, shared(30))

    assert bounds.contacts.level(realm.room.now) < level
    speaks(realm, 30)
    speaks(realm, 79)
    assert realm.room.store.followed(realm.realm, 30) is not None
    assert realm.room.store.followed(realm.realm, 79) is None


def test_a_full_disk_while_shared_is_asked_makes_all_be_asked_anew(realm: LinkedRealm) -> None:
    realm.send(Heads(((30, 1),)))
    realm.room.pass_time(0.2)
    realm.turn()
    realm.room.store.full = {"append"}
    realm.says(OUTGOING_LOG, said("tidak muat"))
    realm.room.store.full = set()

    realm.answer(Verb.SHARED, Code.OK, SharedAnswer(()).encode())
    realm.room.pass_time(6)
    realm.turn()

    assert realm.is_asked(Verb.SHARED)


def test_a_log_that_is_new_to_one_page_is_asked_for_again(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm.says(OUTGOING_LOG, said("satu"))
    monkeypatch.setattr("server_realm_following.MAX_HELD", 0)
    realm.link()

    following = realm.room.core._abroad.logs._following[realm.realm]  # noqa: SLF001
    assert OUTGOING_LOG in following._unknown  # noqa: SLF001


def test_more_logs_than_are_read_at_a_time_wait_for_their_turn(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_following.MOST_READ", 1)
    realm.link()
    realm.says(OUTGOING_LOG, said("satu"))
    realm.says(PRIVATE_LOG, said("dua"))
    realm.send(Heads(((PRIVATE_LOG, 1),)))
    realm.room.pass_time(2)
    realm.turn()

    pulled = {frame.conversation for frame in realm.heard if isinstance(frame, Pull)}
    assert {PRIVATE_LOG, OUTGOING_LOG} <= pulled


def test_a_log_that_changes_without_end_is_compared_now_and_then(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = realm.room.core._abroad.logs._bounds[realm.realm]  # noqa: SLF001
    now = realm.room.now
    assert bounds.compared.take(now, bounds.compared.level(now))
    realm.says(OUTGOING_LOG, said("satu"), said("dua"))
    realm.link()
    log = SharedLog(OUTGOING_LOG, ConversationKind.OUTGOING, 2, "kelas")
    realm.send(Heads(((OUTGOING_LOG, 0),)), Heads(((OUTGOING_LOG, 2),)))
    monkeypatch.setattr("server_realm_peer.COMPARED_RATE", 1.0)
    bounds.compared._tokens = -1e9  # noqa: SLF001
    realm.room.pass_time(0.2)
    realm.turn()

    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((log,), (OUTGOING_LOG,)).encode())

    following = realm.room.core._abroad.logs._following[realm.realm]  # noqa: SLF001
    assert not following._compared  # noqa: SLF001


def test_a_realm_that_cannot_write_down_a_refusal_hears_it_again(realm: LinkedRealm) -> None:
    tells_logs(realm, shared(30, yours="siapa"))
    realm.turn()

    realm.answer(Verb.UNDELIVERED, Code.DISK_FULL, {})
    before = len(realm.room.store.undelivered(realm.realm))
    realm.room.pass_time(6)
    realm.turn()
    realm.answer(Verb.UNDELIVERED, Code.OK, {})

    assert before == 1
    assert realm.room.store.undelivered(realm.realm) == []


@pytest.mark.parametrize("full", ["commit", "append"])
def test_a_refusal_of_a_whole_log_that_the_disk_did_not_take_goes_on_where_it_was(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    monkeypatch.setattr("server_realm_serving.MOST_REFUSED", 1)
    assert reach(realm, Verb.PRIVATE, f"rina@{ALIAS}", Code.DISK_FULL, {}) is Code.OK
    log = last(realm.ana).fields["conversation"]
    assert isinstance(log, int)
    realm.ana.send(*(realm.ana.post(text, conversation=log) for text in ("satu", "dua")))
    realm.turn()
    refusal: Fields = {"conversation": log, "number": 0, "code": int(Code.NO_SUCH_USER)}

    def tell() -> Code:
        return Code(realm.ask(Verb.UNDELIVERED, refusal)[0])

    assert tell() is Code.DISK_FULL  # it was too much for one turn
    assert realm.room.store.refused_to(realm.realm, log) == 1  # is passed over from now on
    realm.room.store.full = {full}
    assert tell() is Code.DISK_FULL
    realm.room.store.full = set()
    codes = [tell() for _ in range(3)]

    assert codes == [Code.DISK_FULL] * 2 + [Code.OK]  # two texts and two notices, but for the first
    assert realm.room.store.declined(realm.realm, log) == Code.NO_SUCH_USER


def test_what_comes_over_a_link_that_another_has_replaced_is_nothing(realm: LinkedRealm) -> None:
    logs, now = realm.room.core._abroad.logs, realm.room.now  # noqa: SLF001
    old = logs.standing(realm.realm)
    assert old is not None
    realm.link()

    logs.receive(old, Heads(((PRIVATE_LOG, 9),)), now)
    logs.lost(old, now)

    assert logs.standing(realm.realm) not in (None, old)


def test_a_refusal_in_a_group_of_ours_shows_nowhere(realm: LinkedRealm) -> None:
    told: Fields = {"conversation": realm.group, "number": 1, "code": 999}

    assert realm.ask(Verb.UNDELIVERED, told) == (Code.OK, {})

    assert [entry.text for entry in realm.entries(realm.group)] == ["halo"] * 3


def test_a_group_of_ours_that_was_refused_is_read_from_its_beginning_in_the_end(
    realm: LinkedRealm,
) -> None:
    told: Fields = {"conversation": realm.group, "number": 0, "code": int(Code.NO_SUCH_GROUP)}

    assert realm.ask(Verb.UNDELIVERED, told) == (Code.OK, {})

    store = realm.room.store
    assert store.declined(realm.realm, realm.group) == Code.NO_SUCH_GROUP
    assert store.refused_to(realm.realm, realm.group) == 0  # nobody was told anything


def test_somebody_who_has_left_is_still_known_to_the_realm(realm: LinkedRealm) -> None:
    realm.ana.send(realm.ana.request(Verb.EXIT, {}))
    realm.room.pass_time(200)
    realm.link()

    _, fields = realm.ask(Verb.SHARED, {"after": 0, "held": []})

    assert "Ana" in str(fields)


# --- files ---


def test_no_more_files_than_a_few_come_at_a_time(realm: LinkedRealm) -> None:
    notes = [FileNote(bytes([n]) * 32, 9, f"{n}.txt") for n in range(9)]
    realm.says(OUTGOING_LOG, *map(shows, notes[:8]))
    realm.room.pass_time(1)
    realm.says(OUTGOING_LOG, shows(notes[8]))
    realm.room.pass_time(1)
    realm.turn()

    asked = {f.file for f in realm.heard if isinstance(f, Want) and f.ranges}
    assert len(asked) == 4


def test_files_that_never_come_make_way_and_are_tried_ever_more_rarely(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server_realm_files.MOST_TRIED", 2)
    notes = [FileNote(bytes([n]) * 32, 9, f"{n}.txt") for n in range(1, 6)]
    realm.says(OUTGOING_LOG, *map(shows, notes))

    for _ in range(12):
        realm.room.pass_time(0.5)
        for note in notes:
            realm.send(Want(note.file, 0, ()))

    store = realm.room.store
    assert len(store.awaited_files(realm.realm)) == 5
    asked = {f.file for f in realm.heard if isinstance(f, Want) and f.ranges}
    assert asked == {note.file for note in notes}
    for note in notes:
        store.add_file(FileRecord(note.file, 9, 7, FIRST_UTC))
        store.remove_file(note.file)
    store.commit()
    for _ in range(60):
        realm.room.pass_time(10)
        if not realm.stands:
            realm.link()
        realm.turn()
    assert store.awaited_files(realm.realm) == []


def test_parts_of_files_that_a_realm_brings_no_more_count_against_what_it_may_leave(
    realm: LinkedRealm,
) -> None:
    """It brings a little of each, then nothing more."""
    size = 200 * BLOCK
    notes = [FileNote(bytes([n]) * 32, size, f"{n}.txt") for n in range(1, 13)]
    realm.says(OUTGOING_LOG, *map(shows, notes))
    asked: set[bytes] = set()

    for _ in range(40):
        realm.room.pass_time(0.5)
        realm.turn()
        wanted = {f.file for f in realm.heard if isinstance(f, Want) and f.ranges} - asked
        for file in wanted:
            realm.send(Chunk(file, 0, bytes(BLOCK)), Want(file, 0, ()))
        asked |= wanted

    space = realm.room.core._stock.space  # noqa: SLF001
    most = TIGHT.realm_bytes - realm.room.store.realm_bytes(realm.realm)
    assert asked == {note.file for note in notes}
    assert space.used // (size + FILE_COST) == most // size  # those that come are among them


# --- logs that are another than they were ---


def changed(realm: LinkedRealm, theirs: int, head: int, name: str) -> None:
    """The realm says that its log is not what we have of it."""
    kind = ConversationKind.OUTGOING if theirs == OUTGOING_LOG else ConversationKind.GROUP
    realm.send(Heads(((theirs, 0),)), Heads(((theirs, head),)))
    realm.room.pass_time(0.2)
    realm.turn()
    log = SharedLog(theirs, kind, head, name)
    realm.answer(Verb.SHARED, Code.OK, SharedAnswer((log,), (theirs,)).encode())


def tagged(tag: int) -> Entry:
    return said(f"{tag}")._replace(tag=tag.to_bytes(8))


def test_a_log_that_begins_anew_is_read_on_once_all_of_it_was_seen_again(
    realm: LinkedRealm,
) -> None:
    realm.says(OUTGOING_LOG, tagged(1), tagged(2), tagged(3))
    store = realm.room.store

    changed(realm, OUTGOING_LOG, 3, "kelas")
    realm.send(EntryPart(OUTGOING_LOG, 1, 0, 1, tagged(1).encode()))
    halfway = store.followed(realm.realm, OUTGOING_LOG)
    realm.send(
        EntryPart(OUTGOING_LOG, 2, 0, 1, tagged(9).encode()),
        EntryPart(OUTGOING_LOG, 3, 0, 1, tagged(3).encode()),
    )

    assert halfway is not None
    assert halfway.have == 3  # as before, until then
    after = store.followed(realm.realm, OUTGOING_LOG)
    assert after is not None
    assert after.chain != halfway.chain
    texts = [entry.text for entry in realm.entries(realm.group)]
    assert texts[-4:] == ["1", "2", "3", "9"]


@pytest.mark.parametrize("is_far", [False, True])
def test_what_stands_before_the_part_of_a_log_that_is_compared_is_not_doubled(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch, is_far: bool
) -> None:
    monkeypatch.setattr("server_realm_following.MOST_COMPARED", 1)
    realm.says(OUTGOING_LOG, *map(tagged, range(1, 5)))
    store = realm.room.store
    if is_far:  # nothing of theirs is compared at all
        for tag in (20, 21):
            store.append(realm.group, tagged(tag)._replace(name="Ana"))
        store.commit()
    before = [entry.text for entry in realm.entries(realm.group)]

    changed(realm, OUTGOING_LOG, 6, "kelas")
    later = store.head(realm.group).sent_at + 1
    new = [tagged(tag)._replace(sent_at=later) for tag in (8, 9)]
    for number, entry in enumerate([tagged(1), tagged(2), tagged(3), tagged(4), *new], 1):
        realm.send(EntryPart(OUTGOING_LOG, number, 0, 1, entry.encode()))

    texts = [entry.text for entry in realm.entries(realm.group)]
    assert texts == [*before, "8", "9"]


def test_what_is_known_of_compared_logs_is_bounded(
    realm: LinkedRealm, monkeypatch: pytest.MonkeyPatch
) -> None:
    realm.says(GROUP_LOG, tagged(1))
    realm.says(OUTGOING_LOG, tagged(2))
    following = realm.room.core._abroad.logs._following[realm.realm]  # noqa: SLF001
    changed(realm, GROUP_LOG, 1, "mereka")
    realm.send(EntryPart(GROUP_LOG, 1, 0, 1, tagged(1).encode()))
    assert list(following._compared) == [GROUP_LOG]  # noqa: SLF001
    monkeypatch.setattr("server_realm_following.MOST_COMPARED", 0)

    changed(realm, OUTGOING_LOG, 1, "kelas")

    assert GROUP_LOG not in following._compared  # noqa: SLF001


def test_a_link_that_ends_while_a_log_is_compared_leaves_nothing(realm: LinkedRealm) -> None:
    realm.says(OUTGOING_LOG, tagged(1))
    held: list[Job] = []
    realm.room.held_jobs = held
    changed(realm, OUTGOING_LOG, 1, "kelas")
    realm.room.command(CutRealm(ALIAS))

    for job in held:
        realm.room.core.handle_result(job.key, job.run(), realm.room.now)

    assert not realm.stands


# --- ends ---


def test_what_is_to_be_done_for_a_realm_that_is_gone_is_not_done(realm: LinkedRealm) -> None:
    links = realm.room.core._abroad.links  # noqa: SLF001
    record = links.known.get(realm.realm)
    assert record is not None
    for _ in range(300):
        realm.ask_quickly(Verb.SHARED, {"after": 0, "held": []})
        realm.room.end_turn()
    realm.room.command(CutRealm(ALIAS))
    events = len(realm.room.events)

    realm.room.pass_time(1)
    links.rename(record)
    links.tell_linked(realm.realm + 1, 3)
    realm.room.end_turn()

    assert len(realm.room.events) == events

"""What files of other realms cost those realms, of what each may leave here."""

from fuzz_realms import OUTGOING_LOG, PRIVATE_LOG, SECRET, LinkedRealm
from server_parts import FIRST_UTC
from test_realms_attacks import shows

from conversation import Entry, EntryKind


def test_a_file_that_a_realm_did_not_bring_does_not_count_against_it(realm: LinkedRealm) -> None:
    store = realm.room.store
    realm.says(OUTGOING_LOG, shows(SECRET))
    before = store.realm_bytes(realm.realm)

    store.append(
        realm.private, Entry(b"tag of 8", EntryKind.FILE, FIRST_UTC, 7, "Ana", SECRET.encode())
    )
    store.commit()  # so that it may have it from here
    realm.room.pass_time(1)

    assert store.awaited_files(realm.realm) == []
    assert store.realm_bytes(realm.realm) == before


def test_a_file_that_two_conversations_wait_for_counts_once(realm: LinkedRealm) -> None:
    store = realm.room.store
    realm.says(OUTGOING_LOG, shows(SECRET))
    realm.says(PRIVATE_LOG, shows(SECRET))
    before = store.realm_bytes(realm.realm)

    store.bring_file(SECRET.file, realm.realm)
    store.commit()
    realm.link()  # over the old one it came; nobody was told any more
    realm.room.pass_time(1)

    assert store.awaited_files(realm.realm) == []
    assert store.realm_bytes(realm.realm) == before + SECRET.size

"""Requests about files: offering them, taking that back, which were shared where.

Band: cores. Each is understood when it comes and answered at the end of its turn, so that no answer
speaks of what is not on disk.
Source: docs/protocol.md.
"""

from collections.abc import Callable

from conversation import FileNote, is_file_name
from protocol import FILE_ID_SIZE, Code, JsonValue, Verb
from protocol_requests import Fields, hex_field, number_field, text_field
from records import BanKind, SharedFile, Store
from server_peer import Member, Peer
from server_people import People
from server_rooms import Rooms
from server_turn import Turn
from server_uploads import Outcome, Uploads

MOST_FILES = 50  # in one answer, which is MAX_RESPONSE at most: names are long

VERBS = frozenset({Verb.OFFER, Verb.FILES, Verb.DROP})


class Files:
    """Serves VERBS."""

    def __init__(
        self,
        store: Store,
        rooms: Rooms,
        people: People,
        uploads: Uploads,
        turn: Turn,
        *,
        answer: Callable[[Peer, int, Code, Fields], None],
        wall_clock: Callable[[], int],
    ) -> None:
        self._store = store
        self._rooms = rooms
        self._people = people
        self._uploads = uploads
        self._turn = turn
        self._answer = answer
        self._wall_clock = wall_clock

    def serve(self, peer: Peer, request: int, verb: Verb, fields: Fields) -> None:
        """Answers one of VERBS at the end of the turn. Raises PeerError for fields that cannot
        be."""
        member = peer.member
        assert member is not None  # who is nobody has been refused
        question = self._understood(peer, member, verb, fields)

        def end(_: float) -> None:
            if peer.member is member:
                self._answer(peer, request, *question())

        self._turn.when_settled(end)

    def _understood(
        self, peer: Peer, member: Member, verb: Verb, fields: Fields
    ) -> Callable[[], Outcome]:
        if verb is Verb.OFFER:
            note = FileNote(
                hex_field(fields, "file", FILE_ID_SIZE),
                number_field(fields, "size"),
                text_field(fields, "name"),
            )
            where = number_field(fields, "conversation")
            return lambda: self._offer(peer, member, where, note)
        if verb is Verb.DROP:
            file = hex_field(fields, "file", FILE_ID_SIZE)
            return lambda: self._drop(peer, member, file)
        conversation, before = number_field(fields, "conversation"), number_field(fields, "before")
        return lambda: self._files(member, conversation, before)

    def _offer(self, peer: Peer, member: Member, conversation: int, note: FileNote) -> Outcome:
        person = member.person
        at = self._wall_clock()
        if self._people.ban_on(BanKind.SPEAK, person, member.name, peer.host, at) is not None:
            return Code.MUTED, {}
        if not self._rooms.is_member(person, conversation):
            exists = self._store.conversation(conversation) is not None
            return Code.NOT_A_MEMBER if exists else Code.NO_SUCH_CONVERSATION, {}
        if not is_file_name(note.name):
            return Code.FILE_NAME_INVALID, {}
        return self._uploads.offer(peer, person, note)

    def _drop(self, peer: Peer, member: Member, file: bytes) -> Outcome:
        self._uploads.drop(peer, member.person, file)
        return Code.OK, {}

    def _files(self, member: Member, conversation: int, before: int) -> Outcome:
        if not self._rooms.is_member(member.person, conversation):
            return Code.NOT_A_MEMBER, {}
        found = self._store.shared_files(conversation, before, MOST_FILES + 1)
        files = found[:MOST_FILES]
        fields: Fields = {"files": [self._row(shared) for shared in files]}
        if len(found) > MOST_FILES:
            fields["next"] = files[-1].number
        return Code.OK, fields

    def _row(self, shared: SharedFile) -> JsonValue:
        note = shared.note
        row: list[JsonValue] = [
            shared.number,
            shared.sent_at,
            f"{shared.person:016x}",
            shared.name,
            note.file.hex(),
            note.size,
            note.name,
            shared.is_removed,
        ]
        if shared.is_removed and self._store.is_awaited_in(note.file, shared.conversation):
            row[-1:] = [False, True]  # it is on its way from another realm
        elif note.size > self._uploads.largest_abroad and self._store.file(note.file) is None:
            row.append(int(Code.FILE_TOO_LARGE))  # so it was not taken from another realm
        return row

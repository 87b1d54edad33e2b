"""Other realms as people read about them: why something did not arrive there.

Band: words. Pure.
"""

from typing import Final

from conversation import Entry, EntryKind, RefusalNote
from protocol import Code, PeerError
from texts import Texts

_REASONS: Final[dict[Code, str]] = {
    Code.NO_SUCH_USER: "undelivered.no_such_user",
    Code.NO_SUCH_GROUP: "undelivered.no_such_group",
    Code.NOT_A_MEMBER: "undelivered.not_a_member",
    Code.BANNED: "undelivered.banned",
    Code.MUTED: "undelivered.muted",
    Code.SERVER_FULL: "undelivered.full",
    Code.NO_WAY_THERE: "undelivered.no_way",
    Code.FILE_TOO_LARGE: "undelivered.too_large",
}


def refusal_in(entry: Entry) -> RefusalNote | None:
    """What an entry says of something that another realm did not take; None: it says no such
    thing."""
    if entry.kind is not EntryKind.NOTICE:
        return None
    try:
        return RefusalNote.decode(entry.text)
    except PeerError:
        return None


def refusal_line(note: RefusalNote, name: str, say: Texts) -> str:
    """``“halo” was not delivered: there is no such user.`` ``name``: who said it."""
    key = _REASONS.get(note.code)
    why = say("undelivered.other", code=note.code.name) if key is None else say(key, name=name)
    if not note.excerpt:
        return say("undelivered.whose", name=name, why=why)
    return say("undelivered.text", text=note.excerpt, why=why)

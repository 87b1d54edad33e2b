"""Other realms in the chat window, on a real display; the core is scripted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from client_scenes import DARREN, NOON, VELICIA, WITH_DARREN, Scene, told
from client_scenes import text as said
from client_stage import (
    chat_view,
    chatting_scene,
    error,
    messages,
    place_of,
    press,
    shown_texts,
    text_items,
)
from test_client_menus_window import Popup, form, picking, plus, popup, title

from client_events import (
    AskMembers,
    ConversationsListed,
    DraftForwarded,
    DraftMade,
    EntryArrived,
    JoinGroup,
    OpenPrivate,
    ReachedChanged,
)
from client_form import JoinField
from client_realm_events import AddRealm, AskRealms, RealmInfo, RealmState, RealmsTold
from conversation import ConversationKind, Entry, EntryKind, RefusalNote
from protocol import Code

__all__ = ["popup"]  # a fixture
pytestmark = pytest.mark.tk

KAMPUS = RealmInfo("kampus-b", RealmState.LINKED, NOON, 0, 0.003, ("10.0.0.2", 8083))
AWAY = RealmInfo("kampus-b", RealmState.AWAY, NOON, 2, None, ("10.0.0.2", 8083))
WITH_SARI, CLASS, SARI = 30, 31, 91


@pytest.fixture
def chatting(tmp_path: Path) -> Iterator[Scene]:
    """With kampus-b linked, somebody there written to, and a group there joined."""
    private, group = ConversationKind.PRIVATE, ConversationKind.GROUP
    with chatting_scene(tmp_path) as scene:
        scene.put(
            RealmsTold((KAMPUS,), may_add=True),
            *told(
                (WITH_SARI, private, "sari@kampus-b", SARI, 1, 0),
                (CLASS, group, "kelas@kampus-b", 0, 0, 0),
            ),
            EntryArrived(WITH_SARI, 1, said(VELICIA, "halo")),
        )
        scene.settle()
        yield scene


def side(scene: Scene) -> list[str]:
    return shown_texts(chat_view(scene).side.list.canvas)


def click_realm(scene: Scene) -> None:
    left, top, right, bottom = place_of(chat_view(scene).side.list.canvas, "kampus-b")
    press(chat_view(scene).side.list.canvas, (left + right) // 2, (top + bottom) // 2)
    scene.settle()


def subtitle(scene: Scene) -> str:
    return str(chat_view(scene).subtitle.cget("text"))


def ink(scene: Scene, words: str) -> str:
    canvas = chat_view(scene).side.list.canvas
    item = next(item for item, shown in text_items(canvas) if shown == words)
    return str(canvas.tk.call(str(canvas), "itemcget", item, "-fill"))


def test_a_name_of_another_realm_stands_before_it_in_another_ink(chatting: Scene) -> None:
    shown = side(chatting)

    assert shown.index("@kampus-b") - shown.index("kelas") == 1
    assert shown.count("@kampus-b") == 2
    assert ink(chatting, "sari") != ink(chatting, "@kampus-b")


def test_realms_are_listed_and_say_how_they_stand(chatting: Scene) -> None:
    linked = side(chatting)

    chatting.put(RealmsTold((AWAY,), may_add=True))
    chatting.settle()

    assert "reachable · 3 ms" in linked
    assert "2 messages waiting · since 14:33" in side(chatting)


@pytest.mark.parametrize(("realms", "may_add"), [((KAMPUS,), False), ((), True), ((), False)])
def test_whoever_may_add_none_is_not_offered_it(
    chatting: Scene, realms: tuple[RealmInfo, ...], may_add: bool
) -> None:
    chatting.put(RealmsTold(realms, may_add))
    chatting.settle()

    canvas = chat_view(chatting).side.list.canvas
    assert ("REALMS" in side(chatting)) is bool(realms or may_add)
    assert bool(canvas.bbox("plus-realm.title")) is may_add


def test_the_header_and_the_marks_say_what_waits(chatting: Scene) -> None:
    chatting.window.chatting.open(WITH_SARI)
    chatting.settle()
    linked = subtitle(chatting)

    chatting.put(RealmsTold((AWAY,)))
    chatting.settle()

    assert (title(chatting), linked) == ("sari", "realm kampus-b · reachable")
    assert subtitle(chatting).startswith("kampus-b has not been reachable since 14:33;")


def test_what_a_group_abroad_has_not_taken_stays_below_and_waits(chatting: Scene) -> None:
    chatting.window.chatting.open(CLASS)
    chatting.answer(AskMembers, Code.OK, ("sari@kampus-b", "velicia"))
    chatting.put(DraftMade(5, 1, CLASS, "sudah?"), DraftForwarded(5, CLASS), RealmsTold((AWAY,)))
    chatting.put(
        EntryArrived(CLASS, 1, Entry(b"", EntryKind.TEXT, NOON, SARI, "sari@kampus-b", "ya"))
    )
    chatting.settle()

    shown = messages(chatting)
    assert shown.index("sudah?") > shown.index("ya")
    assert "waiting" in shown
    assert " @kampus-b" in shown  # beside the name of who wrote
    people = shown_texts(chat_view(chatting).people.canvas)
    assert "realm kampus-b" in people
    assert "sari" in people


def test_a_refusal_is_a_sentence_and_what_was_refused_stands_out(chatting: Scene) -> None:
    chatting.window.chatting.open(WITH_SARI)
    note = RefusalNote(Code.MUTED, "boleh?").encode()
    tag = b"tag....."
    own = Entry(tag, EntryKind.TEXT, NOON, VELICIA, "velicia", "boleh?")
    chatting.put(EntryArrived(WITH_SARI, 2, own), ReachedChanged(WITH_SARI, 2))
    chatting.put(
        EntryArrived(WITH_SARI, 3, Entry(tag, EntryKind.NOTICE, NOON, VELICIA, "velicia", note))
    )
    chatting.settle()

    assert "“boleh?” was not delivered: the operator there has muted velicia." in messages(chatting)


def test_a_realm_leads_to_somebody_there(chatting: Scene, popup: Popup) -> None:
    click_realm(chatting)
    words = popup.words
    popup.choose("Write to somebody there")
    chatting.settle()
    offered = picking(chatting).names

    picking(chatting).field.value = "darren"
    picking(chatting).take()
    chatting.answer(OpenPrivate, Code.NO_SUCH_USER)
    refused = error(picking(chatting).field)
    picking(chatting).field.value = "SARI"
    picking(chatting).take()
    chatting.answer(OpenPrivate, Code.OK, WITH_SARI)

    assert words == [
        "Write to somebody there …",
        "Join a group there …",
        "Show what is unread from there",
    ]
    assert offered == ["sari"]
    assert refused == "No such user"
    assert [asked.name for asked in chatting.asked(OpenPrivate)] == [
        "darren@kampus-b",
        "sari@kampus-b",
    ]
    assert (title(chatting), chatting.window.dialog) == ("sari", None)


def test_a_realm_leads_to_a_group_there(chatting: Scene, popup: Popup) -> None:
    click_realm(chatting)
    popup.choose("Join a group there")
    chatting.settle()

    form(chatting).fields[JoinField.GROUP].value = "kelsa"
    form(chatting).submit()
    chatting.answer(JoinGroup, Code.NO_SUCH_GROUP)
    refused = error(form(chatting).fields[JoinField.GROUP])
    form(chatting).fields[JoinField.GROUP].value = "kelas"
    form(chatting).submit()
    chatting.answer(JoinGroup, Code.OK, CLASS)

    assert refused
    assert [asked.name for asked in chatting.asked(JoinGroup)] == [
        "kelsa@kampus-b",
        "kelas@kampus-b",
    ]
    assert (title(chatting), chatting.window.dialog) == ("# kelas", None)


def test_a_realm_tells_what_is_unread_of_it_and_nothing_else(chatting: Scene, popup: Popup) -> None:
    news = Entry(b"", EntryKind.TEXT, NOON, SARI, "sari@kampus-b", "baca ini")
    chatting.put(EntryArrived(WITH_SARI, 2, news))
    chatting.put(*told((WITH_DARREN, ConversationKind.PRIVATE, "darren", DARREN, 0, 0)))
    chatting.put(EntryArrived(WITH_DARREN, 1, said(DARREN, "bukan ini")), ConversationsListed())
    chatting.settle()

    click_realm(chatting)
    popup.choose("Show what is unread from there")
    chatting.answer(AskRealms, Code.OK, (KAMPUS,))

    (list_,) = [words for words in messages(chatting) if "baca ini" in words]
    assert "@sari@kampus-b" in list_
    assert "bukan ini" not in list_


def test_a_realm_is_added_and_what_is_wrong_stands_beside_its_field(chatting: Scene) -> None:
    plus(chatting, "realm.title")
    fields = form(chatting).fields
    form(chatting).submit()
    empty = error(fields[JoinField.HOST])
    asked_too_early = chatting.asked(AddRealm)

    fields[JoinField.REALM].value, fields[JoinField.HOST].value = "kampus-c", " 10.0.0.3 "
    fields[JoinField.PASSWORD].value = " kopi"
    form(chatting).submit()
    chatting.answer(AddRealm, Code.WRONG_PASSWORD)
    wrong = error(fields[JoinField.PASSWORD])
    form(chatting).submit()
    chatting.answer(AddRealm, Code.DISK_FULL)
    full = str(form(chatting).message.cget("text"))
    form(chatting).submit()
    chatting.answer(AddRealm, Code.OK, ("kampus-c", "Kampus C"))

    assert empty
    assert asked_too_early == []
    asked = chatting.asked(AddRealm)[0]
    assert (asked.name, asked.host, asked.port, asked.password) == (
        "kampus-c",
        "10.0.0.3",
        8083,
        " kopi",
    )
    assert wrong == "The room there has another password."
    assert full
    assert chatting.window.dialog is None
    assert "Realm added: kampus-c" in messages(chatting)


def test_a_dialog_that_was_closed_is_answered_by_a_line(chatting: Scene) -> None:
    plus(chatting, "realm.title")
    form(chatting).fields[JoinField.HOST].value = "10.0.0.3"
    form(chatting).submit()
    form(chatting).close()

    chatting.answer(AddRealm, Code.OK, ("kampus-c", "Kampus C"))

    assert chatting.asked(AddRealm)[0].password is None
    assert "Realm added: kampus-c" in messages(chatting)


def test_control_k_finds_people_of_other_realms(chatting: Scene) -> None:
    arrived = Entry(b"", EntryKind.TEXT, NOON, 92, "tono@kampus-b", "halo")
    chatting.put(EntryArrived(CLASS, 1, arrived))
    chatting.settle()

    chatting.window.menus.open_jump_dialog()
    picking(chatting).field.value = "kampus"
    chatting.settle()

    assert picking(chatting).names == ["sari@kampus-b", "kelas@kampus-b", "tono@kampus-b"]

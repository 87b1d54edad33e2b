"""A linked realm that sends whatever it likes: it ends its own link at worst."""

import random
from typing import Any

import pytest
from realm_world import Realms
from test_realms import GROUP, texts, with_group

from conversation import Entry, EntryKind
from protocol import Verb, encode_object
from protocol_frames import Chunk, EntryPart, Have, Heads, Pull, Request, Response, Want
from protocol_requests import Fields

NUMBERS = (0, 1, 2, 3, 4, 5, 6, 50, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
NAMES = ("ana", "ana@a", "kelas", "kelas@b", "", "x" * 300, "a@b@c", "\u202efoo", "founder", "@")


class Liar:
    """Makes frames that nearly make sense."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(f"liar {seed}")
        self.request = 1000

    def number(self) -> int:
        return self.chance.choice(NUMBERS)

    def value(self, depth: int = 2) -> Any:
        chance = self.chance
        simple = (
            self.number(),
            chance.choice(NAMES),
            None,
            True,
            chance.randbytes(8).hex(),
            (7).to_bytes(8).hex(),
        )
        if depth and chance.random() < 0.3:
            return [self.value(depth - 1) for _ in range(chance.randrange(4))]
        return chance.choice(simple)

    def shared(self) -> Fields:
        chance = self.chance
        rows: list[Any] = []
        for number in sorted(chance.sample(range(1, 60), chance.randrange(4))):
            row: list[Any] = [number, chance.choice((2, 3, 4)), self.number(), ""]
            if row[1] == 3:
                row += [[chance.randbytes(8).hex(), chance.choice(NAMES)], self.value()]
            else:
                row[3] = chance.choice(NAMES)
            rows.append(row)
        fields: Fields = {"logs": rows, "changed": [row[0] for row in rows]}
        return fields

    def entry(self) -> bytes:
        chance = self.chance
        kind = chance.choice(list(EntryKind))
        name = chance.choice([name for name in NAMES if len(name) < 200])
        tag = chance.choice((bytes(8), chance.randbytes(8)))
        return Entry(tag, kind, self.number(), self.number(), name, chance.choice(NAMES)).encode()

    def frame(self) -> bytes:
        chance = self.chance
        number = self.number
        conversation = chance.randrange(0, 8)
        match chance.randrange(9):
            case 0:
                return Heads(((conversation, number()),)).encode()
            case 1:
                place = max(1, chance.randrange(6))
                return EntryPart(conversation, place, 0, 1, self.entry()).encode()
            case 2:
                first = max(1, number())
                return Pull(conversation, first, 0, max(first, number())).encode()
            case 3:
                return Have(((conversation, number()),)).encode()
            case 4:
                return Want(chance.randbytes(32), chance.randrange(9), ()).encode()
            case 5:
                return Chunk(chance.randbytes(32), 0, b"x" * 10).encode()
            case 6:
                answer = encode_object(self.shared())
                return Response(chance.randrange(1, 30), 0, 1, 0, answer).encode()
            case _:
                verb = chance.choice((Verb.SHARED, Verb.CONTACT, Verb.UNDELIVERED, Verb.ENTER))
                fields: Fields = {
                    "conversation": self.value(),
                    "number": self.value(),
                    "code": self.value(),
                    "kind": chance.choice((2, 3)),
                    "name": chance.choice(NAMES[:5]),
                    "person": [chance.randbytes(8).hex(), chance.choice(NAMES)],
                    "after": self.value(0),
                    "held": [[self.number(), self.number(), bytes(8).hex()]],
                }
                self.request += 1
                return Request(chance.randrange(1, 40), verb, encode_object(fields)).encode()


@pytest.mark.parametrize("seed", range(12))
def test_a_realm_of_lies_ends_its_own_link_at_worst(seed: int) -> None:
    with Realms(seed, "b", "a", "c") as realms:
        realms.link("a", "b")
        realms.link("c", "b")
        with_group(realms, "b", "c")
        founder, citra = realms.clients
        liar = Liar(seed)

        for _ in range(150):
            for peer in linked(realms, "a"):
                for _ in range(liar.chance.randrange(4)):
                    peer.session.queue(liar.frame())
                realms["a"].server.core.handle_timer(realms.network.now)
            realms.run(0.2)
        founder.write_group(GROUP, "masih di sini")
        realms.run(10)

        assert realms["b"].server.is_running
        assert realms["b"].server.kills == 0
        c = realms["c"]
        assert "masih di sini" in texts(c, c.conversation(citra, f"{GROUP}@b"))


def linked(realms: Realms, name: str) -> list[Any]:
    """The sessions in which a realm can lie."""
    core = realms[name].server.core
    calls = core._abroad.links._standing.values()  # noqa: SLF001 - it lies below all it has learnt
    return [link.peer for link in calls]

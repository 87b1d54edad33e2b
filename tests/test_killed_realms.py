"""Three real servers in a chain, one of which dies while all are written to. killed_realms.py does
it for as long as one likes."""

import os
import random
from pathlib import Path

import pytest
from killed_realms import HOME, a_chain

pytestmark = [
    pytest.mark.socket,
    pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's"),
]


def test_three_realms_in_a_chain_lose_double_and_reorder_nothing_when_one_is_killed(
    tmp_path: Path,
) -> None:
    with a_chain(tmp_path, random.Random(1)) as chain:
        texts = iter(range(100))

        def all_write() -> None:
            for name in chain.all:
                chain.say_to_group(name, f"semua {next(texts)}")
            for name, other in (("a", "b"), ("b", "a"), ("b", "c"), ("c", "b")):
                chain.say_to(f"campus-{name}", f"campus-{other}", f"berdua {next(texts)}")

        all_write()
        for name, realm in (("campus-a", HOME), (HOME, None), ("campus-c", None)):
            chain.send_file(name, 200_000, realm)
        all_write()
        chain[HOME].kill()
        all_write()
        chain[HOME].start()
        chain.settle()

        assert chain.fetch_all() == 5
        chain.check()

"""What a window let go of can be had again; the rest of it is tested in the simulator."""

from simulator import Simulator

from client_events import LoadOlder
from conversation import ROOM


def test_entries_that_a_window_let_go_of_are_pulled_again_above_the_floor() -> None:
    with Simulator(1, loss=0.2) as network:
        ana, budi = network.clients("Ana", "Budi")
        network.everybody_enters()
        ana.say(*(f"Ana {place}" for place in range(150)))
        network.run_until(network.is_at_rest)
        whole = budi.log()
        budi.history[ROOM] = whole[120:]

        for _ in range(2):
            budi.command(LoadOlder(ROOM, 100, before=budi.log()[0][0]))
            network.run(seconds=5)
        network.check()

        assert budi.log() == whole

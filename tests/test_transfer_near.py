"""Files from near by: what is on its way waits in a socket, which holds only so much."""

from transfer_path import FILE

from protocol import BLOCK
from protocol_frames import Chunk, Want, decode_frames
from protocol_guards import RoundTrip
from transfer import LEAST_NEAR_WINDOW, NEAR_WINDOW, Puller
from transfer_blocks import Bitmap, block_count


def wants(frames: list[bytes]) -> list[Want]:
    decoded = [frame for encoded in frames for frame in decode_frames(encoded)]
    return [frame for frame in decoded if isinstance(frame, Want)]


def most_on_its_way(seconds: float, *, is_lossy: bool = False) -> tuple[int, int]:
    """Bytes: until half a second, and then, when 600 kB come in each millisecond."""
    pulling = Puller(FILE, 1 << 30, Bitmap(block_count(1 << 30)))
    round_trip = RoundTrip()
    round_trip.sample(seconds)
    rows: list[tuple[int, int]] = []
    end = on_its_way = 0
    most = [0, 0]
    for turn in range(1000):
        now = 1.0 + turn / 1000
        for want in wants(pulling.frames_due(now, round_trip)):
            place = want.place
            for first, count in want.ranges:
                new = min(count, max(0, place + count - end))
                if new:
                    rows.append((first + count - new, new))
                    on_its_way += new
                place += count
            end = max(end, place)
        most[turn >= 500] = max(most[turn >= 500], on_its_way * BLOCK)
        room = 600
        while rows and room:
            first, count = rows.pop(0)
            taken = min(count, room, 60)
            if taken < count:
                rows.insert(0, (first + taken, count - taken))
            on_its_way -= taken
            room -= taken
            if not is_lossy or turn % 50 or room > 100:
                pulling.receive(Chunk(FILE, first, bytes(taken * BLOCK)), now)
    return most[0], most[1]


def test_from_near_by_no_more_is_on_its_way_than_a_socket_holds() -> None:
    assert max(most_on_its_way(0.001)) <= NEAR_WINDOW < max(most_on_its_way(0.02))


def test_and_if_that_is_too_much_less_is_but_never_too_little_to_go_fast() -> None:
    assert most_on_its_way(0.001, is_lossy=True)[1] <= 2 * LEAST_NEAR_WINDOW

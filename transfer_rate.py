"""How fast a file may come, as its receiver measures it, and how much of it may be on its way.

Band: exchanges. Knows no file, no frame, no clock. It models the path: what that delivers a second
at most, and its least round trip. Losses slow it only if they end when it gives way; those that go
on are the path's own.
Source: draft-cardwell-iccrg-bbr-congestion-control-02 (BBR), with the answer to loss of version 3.
"""

from collections import deque
from enum import Enum

from protocol import BLOCK
from protocol_guards import RoundTrip

FIRST_BURST = 24 * 1024  # bytes a round trip, before anything is known: TCP's first window
UNKNOWN_ROUND_TRIP = 0.1  # s
LEAST_RATE = 4 * BLOCK  # bytes/s: slower than any path, so that an estimate can always grow again
MAX_WINDOW = 64 << 20  # bytes on their way: 1 GB/s at 32 ms
LEAST_WINDOW = 16 * BLOCK
SHORTEST_ROUND = 0.01  # s; what two busy interpreters measure in less is their own rhythm
LONGEST_ROUND = 0.5  # s, unless the round trip is longer
ROUND_PIECES = 16  # that should come in a round: of fewer, chance decides what is measured

STARTUP_GAIN = 4.0  # half of a round still shows what was asked for before: doubles each
DOWN_GAIN = 0.75
WINDOW_GAIN = 2.0
STARTUP_GROWTH = 1.25  # in so many rounds, or the path is full
STARTUP_STALLED = 3
STARTUP_QUEUED = 1.5  # times the least round trip: no jitter any more
UP_GROWTH = 1.1
UP_STALLED = 2
UP_GAINS = (1.25, 1.25, 1.25, 1.5, 2.0)  # of each step, as long as each before it has succeeded
FILTER_ROUNDS = 10  # in which the best measure counts, in startup and where a queue stands
CRUISE_ROUNDS = 60  # so long a TCP beside us may need to come back after a loss
LONE_CRUISE = 12  # where losses are chance, which no TCP bears, or where nothing was in our way
FIRST_CRUISE = 6
DRAIN_ROUNDS = 4  # at most: what queues after that is somebody else's

GIVE_WAY = 0.7  # of the rate, as cubic TCP (RFC 9438 §4.6)
BEFORE = 0.8  # of the rate before we tried for more
GOES_ON = 8  # rounds after we gave way: what is lost then is more than the path carries
STANDING = 0.95  # of the rate, when a queue stays that nothing of ours feeds
STOOD = 3  # cruises: giving way does not help, so the path may just have become longer
QUEUED = 1.125  # times the least round trip, it is a queue
BUSY = 0.005  # s more, it may just be that both ends have much to do
LOSS_TOLERATED = 0.02  # above what the path loses anyway (BBRv3)
FEW_LOSSES = 8  # pieces: that is chance
CLEAN_RUN = 1000  # pieces, none of them lost: where that happens, no loss is chance
CLEAN_FOR = 5  # times as many that come after it
CLEAN_FEW = 2  # pieces
CLEAN_TOLERATED = 0.01
LULL = 0.5  # of the round trip without anything: somebody had no time, and losses come of that
LULL_PIECES = 8  # and longer than so many pieces take
EXCUSED = 3  # rounds
EXCUSED_AGAIN = 12  # rounds
LEAST_LIFE = 10.0  # s until a least round trip must be seen again
LEAST_PROBE = 0.2  # s at half the rate, to see it


class Phase(Enum):
    """What the rate is doing."""

    STARTUP = STARTUP_GAIN
    DRAIN = 1 / STARTUP_GAIN
    CRUISE = 1.0
    UP = UP_GAINS[0]
    DOWN = DOWN_GAIN
    LEAST = 0.5


class RateControl:
    """Fed by what arrives and what proves lost; ``update`` at least once in each round trip.

    What is measured while somebody had no time to ask or to send says nothing of the path: it
    raises the rate at once, but lowers it only when whole cycles of probing found no more.
    """

    def __init__(self) -> None:
        self.phase = Phase.STARTUP
        self._recent: deque[float] = deque(maxlen=FILTER_ROUNDS)  # bytes/s, of the newest rounds
        self._held = 0.0  # bytes/s, which the path carried in this cycle or the two before
        self._cycles = [0.0, 0.0]  # bytes/s: the most in the newest cycle, and before
        self._told: deque[float] = deque(maxlen=3)  # rates asked for: more cannot be delivered
        self._first_rate = FIRST_BURST / UNKNOWN_ROUND_TRIP
        self._full = 0.0  # bytes/s that startup or a probe has reached
        self._before = 0.0  # bytes/s, when the last probe began
        self._steps = 0  # of this probe that succeeded
        self._rounds = 0  # in this phase, or without growth
        self._queued = 0  # rounds in a row
        self._stood = 0  # cruises in a row at whose end there was a queue
        self._cruise = FIRST_CRUISE
        self._deaf = 0  # rounds whose measures still are of a rate that was given up
        self._since = GOES_ON  # rounds since we gave way
        self._excused = 0  # rounds in which losses may be of a lull
        self._excused_again = 0  # rounds until the next lull excuses anything
        self._round_ends: float | None = None
        self._round_began = 0.0
        self._arrived = 0
        self._lost = 0
        self._heard_at = 0.0
        self._gap = 0.0  # s, the longest without anything in this round
        self._low = UNKNOWN_ROUND_TRIP  # round trips within this round
        self._usual_loss = 0.0  # 0 to 1: what is lost even when we give way
        self._run = 0.0  # pieces that came since one was lost
        self._clean = 0.0  # pieces for which the path still counts as one that loses none
        self._largest = 0  # bytes that came in one piece
        self.least: float | None = None  # s
        self._least_seen = 0.0
        self._phase_ends = 0.0

    def deliver(self, size: int, now: float) -> None:
        """So many bytes have come."""
        self._arrived += size
        if size > self._largest:
            self._largest = size
        if now > self._heard_at:
            self._gap = max(self._gap, now - self._heard_at)
            self._heard_at = now

    def lose(self, size: int) -> None:
        """So many bytes were asked for and have been lost."""
        self._lost += size

    def fall_silent(self) -> None:
        """Nothing comes although it was asked for: what was measured may be of another path."""
        self._forget(0.0)
        self._deaf = 0
        self._cruise = FIRST_CRUISE
        self._enter(Phase.STARTUP)
        self.pause()

    @property
    def delivered(self) -> float | None:
        """Bytes a second that the path carries; None: not known yet."""
        return max(self._held, max(self._recent, default=0.0)) or None

    @property
    def rate(self) -> float:
        """Bytes a second to ask for."""
        best = self.delivered
        if best is None:
            return self._first_rate
        return max(LEAST_RATE, best * self._gain)

    @property
    def _gain(self) -> float:
        if self.phase is Phase.UP:
            return UP_GAINS[min(self._steps, len(UP_GAINS) - 1)]
        gain: float = self.phase.value
        return gain

    @property
    def window(self) -> int:
        """Bytes that may be on their way at a time."""
        best = self.delivered or self._first_rate
        gain = STARTUP_GAIN if self.phase is Phase.STARTUP else WINDOW_GAIN
        if self.phase is Phase.UP:
            gain *= self._gain
        trip = max(SHORTEST_ROUND, self.least or UNKNOWN_ROUND_TRIP)
        floor = max(LEAST_WINDOW, 4 * self._largest)
        return min(MAX_WINDOW, max(floor, int(gain * best * trip)))

    def pause(self) -> None:
        """Nothing is asked for: what comes meanwhile measures nothing."""
        self._round_ends = None

    def update(self, now: float, round_trip: RoundTrip) -> None:
        """Takes the newest round trip; ends a round when its time is over."""
        if round_trip.latest is None:
            trip = UNKNOWN_ROUND_TRIP
        else:
            trip = round_trip.latest
            self._see(trip, now)
        if self._round_ends is None:
            self._first_rate = FIRST_BURST / max(trip, 0.001)
            self._heard_at = now
            self._begin_round(now, trip)
            return
        self._low = min(self._low, trip)
        if now >= self._round_ends:
            self._end_round(now, trip)
            self._begin_round(now, trip)

    def next_timer(self) -> float | None:
        """When the round ends, while one runs."""
        return self._round_ends

    def _see(self, trip: float, now: float) -> None:
        if self.least is None or trip <= 1.05 * self.least + 0.0002:
            self._least_seen = now
        if self.least is None or trip < self.least:
            self.least = trip

    def _begin_round(self, now: float, trip: float) -> None:
        self._round_began = now
        pieces = 0.0
        if self.phase is not Phase.STARTUP:
            pieces = min(LONGEST_ROUND, ROUND_PIECES * self._largest / self.rate)
        self._round_ends = now + max(SHORTEST_ROUND, trip, pieces)
        self._arrived = self._lost = 0
        self._gap = 0.0
        self._low = trip
        self._told.append(self.rate)

    def _end_round(self, now: float, trip: float) -> None:
        if not self._arrived and not self._lost:
            return
        least = self.least if self.least is not None else UNKNOWN_ROUND_TRIP
        loss = self._lost / (self._arrived + self._lost)
        self._look_for_lull(now, least)
        measured = self._arrived / (now - self._round_began)
        is_lossy = self._note_loss(loss)
        self._since += 1
        if self._deaf:
            self._deaf -= 1
        else:
            # what the path loses anyway was carried as far as that: else each loss would slow us
            sample = min(measured / (1 - min(loss, self._tolerated, 0.9)), max(self._told))
            if is_lossy:
                self._recent.append(sample)
                goes_on = self._since < GOES_ON  # else it may be chance, or one burst too many
                self._give_way(GIVE_WAY, at_most=measured if goes_on else float("inf"))
                self._since = 0
                self._enter(Phase.DRAIN if self.phase is Phase.STARTUP else Phase.CRUISE)
                return
            if self._arrived:
                self._recent.append(sample)
                self._cycles[0] = max(self._cycles[0], sample)
        if self.phase is Phase.STARTUP:
            stands = trip > STARTUP_QUEUED * least + BUSY  # the first sign counts
        else:
            stands = self._low > QUEUED * least + BUSY
        stands = stands and not self._excused  # else it is what had to wait for somebody
        self._queued = self._queued + 1 if stands else 0
        self._step(now, stands)

    def _look_for_lull(self, now: float, least: float) -> None:
        """Where nothing came for a while, losses and queues are of what had to wait."""
        gap = max(self._gap, now - self._heard_at)
        pace = self.rate
        if self._arrived and now - self._round_began > gap:  # what came apart from that
            pace = min(pace, self._arrived / (now - self._round_began - gap))
        lull = max(LULL * least, LULL_PIECES * self._largest / pace)
        if self._excused_again:
            self._excused_again -= 1
        if self._excused:
            self._excused -= 1
        elif not self._excused_again and gap > max(lull, SHORTEST_ROUND):
            self._excused, self._excused_again = EXCUSED, EXCUSED_AGAIN

    @property
    def _is_clean(self) -> bool:
        return self._clean > 0

    @property
    def _tolerated(self) -> float:
        """0 to 1: of what was asked for."""
        return CLEAN_TOLERATED if self._is_clean else LOSS_TOLERATED + 1.5 * self._usual_loss

    def _note_loss(self, loss: float) -> bool:
        """Whether it is more than chance."""
        pieces = (self._arrived + self._lost) / max(1, self._largest)
        self._run = 0.0 if self._lost else self._run + pieces
        self._clean = CLEAN_FOR * CLEAN_RUN if self._run >= CLEAN_RUN else self._clean - pieces
        if self._excused and self.phase is not Phase.UP:
            return False
        if self._is_clean:
            self._usual_loss = 0.0
        elif self._deaf == 1:  # what is lost now, although we gave way, is lost anyway
            self._usual_loss += (loss - self._usual_loss) / 2
        elif not self._deaf and (loss < self._usual_loss or self._usual_loss > LOSS_TOLERATED):
            weight = 1 / 4 if self.phase is Phase.DOWN else 1 / 16
            self._usual_loss += (loss - self._usual_loss) * weight
        few = CLEAN_FEW if self._is_clean else FEW_LOSSES
        return pieces * loss - few > self._tolerated * pieces

    def _forget(self, best: float) -> None:
        """What was measured, but for this."""
        self._recent.clear()
        self._held = best
        self._cycles = [best, best]

    def _give_way(self, share: float, at_most: float = float("inf")) -> None:
        best = self.delivered or 0.0
        if self.phase in (Phase.UP, Phase.DOWN):  # what was there before we tried more is ours
            best = max(best, BEFORE / share * self._before)
            self._cruise = 2 * self._cruise
        self._forget(max(LEAST_RATE, min(best * share, max(at_most, best / 4))))
        self._deaf = 3

    @property
    def _longest_cruise(self) -> int:
        return CRUISE_ROUNDS if self._is_clean else LONE_CRUISE

    def _step(self, now: float, stands: bool) -> None:
        best = self.delivered or 0.0
        self._rounds += 1
        match self.phase:
            case Phase.STARTUP | Phase.UP:
                self._step_up(best, now, stands)
            case Phase.CRUISE:
                self._step_on(best, now, stands)
            case Phase.LEAST:
                if now >= self._phase_ends:
                    self.least, self._least_seen = self._low, now
                    self._enter(Phase.CRUISE)
            case _:
                if not stands or self._rounds >= DRAIN_ROUNDS:
                    self._enter(Phase.CRUISE)

    def _step_up(self, best: float, now: float, stands: bool) -> None:
        is_startup = self.phase is Phase.STARTUP
        if best >= (STARTUP_GROWTH if is_startup else UP_GROWTH) * self._full and not stands:
            self._before = best if is_startup else max(self._before, self._full)
            self._full, self._rounds = best, 0  # there is more: go on
            self._steps += 1
        elif stands or self._rounds >= (STARTUP_STALLED if is_startup else UP_STALLED):
            if is_startup:
                self._forget(best)
            else:
                self._end_cycle(stands)
            self._enter(Phase.DRAIN if is_startup else Phase.DOWN)

    def _end_cycle(self, stands: bool) -> None:
        """No measure counts for longer than two cycles."""
        self._held = max(self._cycles)
        self._cycles = [0.0, self._cycles[0]]
        self._recent.clear()
        if self._steps:
            self._cruise = CRUISE_ROUNDS if self._is_clean else FIRST_CRUISE
        elif stands:
            self._cruise = 2 * self._cruise
        else:
            self._cruise = min(2 * self._cruise, LONE_CRUISE)

    def _step_on(self, best: float, now: float, stands: bool) -> None:
        if self._queued >= FILTER_ROUNDS:  # what comes now is all that there is
            self._forget(max(self._recent, default=self._held))
            self._queued = 0
        if now - self._least_seen > LEAST_LIFE or self._stood >= STOOD:
            self._stood = 0
            self._phase_ends = now + LEAST_PROBE
            self._enter(Phase.LEAST)
        elif self._rounds >= min(self._cruise, self._longest_cruise):
            self._cruise = min(self._cruise, self._longest_cruise)  # it is doubled from there
            self._before = best
            self._stood = self._stood + 1 if stands else 0
            if stands:
                self._give_way(STANDING)
                self._cruise = 2 * self._cruise
            self._enter(Phase.CRUISE if stands else Phase.UP)

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        self._rounds = self._steps = 0
        self._full = self.delivered or 0.0

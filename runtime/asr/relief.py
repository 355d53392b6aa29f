"""What the rungs of the overload ladder do to a transcriber."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from speechtrt.runtime.asr.events import Degraded
from speechtrt.runtime.asr.lane import Lane
from speechtrt.runtime.asr.places import Places
from speechtrt.runtime.policy.overload import Change, Ladder, Rung

KEEP_SECONDS = 1.0
KEPT_CHANGES = 100


@dataclass(slots=True)
class Relief:
    """Feeds the ladder with what the lanes observe, and carries out what it decides. For any thread."""

    ladder: Ladder
    places: Places
    lanes: tuple[Lane, ...] = ()
    changes: int = 0
    history: deque[tuple[float, Rung]] = field(default_factory=lambda: deque(maxlen=KEPT_CHANGES))  # when, and where to
    _lock: Lock = field(default_factory=Lock)

    @property
    def rung(self) -> Rung:
        """Where the ladder stands."""
        return self.ladder.rung

    def observe(self, latencies: Sequence[float]) -> None:
        """Chunks of live streams were heard after `latencies` seconds."""
        with self._lock:
            change = self.ladder.observe(latencies, max(lane.batches_waiting for lane in self.lanes))
            self._carry_out(change)

    def look(self) -> Rung:
        """The rung after the time that has passed."""
        with self._lock:
            self._carry_out(self.ladder.glance())
            return self.rung

    def _carry_out(self, change: Change | None) -> None:
        if change is None:
            return
        self.changes += 1
        rung = change.new
        self.history.append((self.ladder.now(), rung))
        self.places.refuse(f"the machine is overloaded ({change.reason})" if rung >= Rung.REFUSE else None)
        event = Degraded(int(rung), rung.action, change.reason)
        for lane in self.lanes:
            lane.keep = KEEP_SECONDS if rung >= Rung.DROP_OLDEST else None
            lane.narrow = rung >= Rung.NARROW_BEAM
            lane.announce(event)

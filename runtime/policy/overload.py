"""The overload ladder: what to give up, in which order, and when to take it back."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

from speechtrt.runtime.policy.window import Window


class Rung(IntEnum):
    """What is given up; every rung keeps those below it."""

    NORMAL = 0
    NARROW_BEAM = 1
    LARGER_CHUNK = 2
    SMALLER_MODEL = 3
    DROP_OLDEST = 4
    REFUSE = 5

    @property
    def action(self) -> str:
        """For people."""
        return ACTIONS[self]


ACTIONS = {
    Rung.NORMAL: "normal service",
    Rung.NARROW_BEAM: "decoders do less work",
    Rung.LARGER_CHUNK: "new streams get the largest chunk",
    Rung.SMALLER_MODEL: "new streams get the next smaller model",
    Rung.DROP_OLDEST: "streams that are behind lose their oldest audio",
    Rung.REFUSE: "new streams are refused",
}


@dataclass(frozen=True, slots=True)
class LadderRules:
    """One rung up after `climb_seconds` above a high mark, one down after `calm_seconds` below both low marks.

    Latencies are the 95th percentile over the last `window_seconds`, looked at every `look_seconds` while chunks come;
    queues are batches that wait per worker. The window is shorter than the climb: one burst climbs nothing. Between
    the marks nothing changes, so that the ladder does not swing with the load that it causes.
    """

    high_latency: float = 0.100
    low_latency: float = 0.060
    high_queue: float = 3.0
    low_queue: float = 1.0
    climb_seconds: float = 2.0
    calm_seconds: float = 5.0
    window_seconds: float = 1.0
    look_seconds: float = 0.25


@dataclass(frozen=True, slots=True)
class Change:
    """From one rung to another, and why."""

    old: Rung
    new: Rung
    reason: str


@dataclass(slots=True)
class Ladder:
    """Times are seconds of `now`. Not for use by several threads at once."""

    now: Callable[[], float]
    rules: LadderRules = field(default_factory=LadderRules)
    rung: Rung = Rung.NORMAL
    _samples: Window = field(default_factory=Window)
    _queue: float = 0.0
    _last: float = -math.inf  # when something was observed
    _looked: float = -math.inf
    _pressed: float | None = None  # since when a high mark is exceeded
    _calm: float | None = None  # since when both low marks hold

    @property
    def latency(self) -> float:
        """95th percentile of the window; 0 without samples."""
        return self._samples.p95

    def observe(self, latencies: Sequence[float], queue: float) -> Change | None:
        """Chunks that are done after `latencies`, while `queue` batches wait; the change that follows, or None."""
        now = self.now()
        self._samples.add(now, latencies)
        self._queue, self._last = queue, now
        return self.glance()

    def glance(self) -> Change | None:
        """As `look`, but nothing so soon after the last look: to order a second's latencies takes a while."""
        return self.look() if self.now() >= self._looked + self.rules.look_seconds else None

    def look(self) -> Change | None:
        """What the passing of time alone changes, or None."""
        now, rules = self.now(), self.rules
        self._looked = now
        self._forget(now - rules.window_seconds)
        latency = self.latency
        pressed = latency > rules.high_latency or self._queue > rules.high_queue
        calm = latency < rules.low_latency and self._queue < rules.low_queue
        self._pressed = (now if self._pressed is None else self._pressed) if pressed else None
        self._calm = (self._quiet_since(now) if self._calm is None else self._calm) if calm else None
        if self._pressed is not None and now - self._pressed >= rules.climb_seconds and self.rung < Rung.REFUSE:
            self._pressed = now
            return self._go(Rung(self.rung + 1), f"p95 {latency * 1000:.0f} ms, {self._queue:.1f} batches wait")
        if self._calm is not None and self.rung > Rung.NORMAL:
            rungs = min(self.rung, int((now - self._calm) / rules.calm_seconds))
            self._calm += rungs * rules.calm_seconds
            return self._go(Rung(self.rung - rungs), "the load has fallen") if rungs else None
        return None

    def _go(self, rung: Rung, reason: str) -> Change:
        change = Change(self.rung, rung, reason)
        self.rung = rung
        return change

    def _quiet_since(self, now: float) -> float:
        """Without samples it has been calm since the last one left the window, though nobody looked."""
        return now if self._samples else min(now, self._last + self.rules.window_seconds)

    def _forget(self, before: float) -> None:
        if self._last < before:
            self._queue = 0.0  # nothing was heard lately, so nothing waits
        self._samples.forget(before)

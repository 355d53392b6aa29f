"""Whether an engine set that serves a share of the requests may go on, held against the one that serves the rest."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from speechtrt.runtime.policy.window import Window

KEPT_SAMPLES = 1000  # of each kind, for each of the two


class Arm(StrEnum):
    """Who serves a request, to its end."""

    STABLE = "stable"
    CANDIDATE = "candidate"


class Latency(StrEnum):
    """What is compared with its like only."""

    FIRST_AUDIO = "first audio"
    PARTIAL = "partial"
    FINAL = "final"
    RECORDING = "recording"  # seconds of work for a second of audio


@dataclass(frozen=True, slots=True)
class CanaryRules:
    """The candidate is given up when one 95th percentile of the last `window_seconds` is worse than the stable set's.

    Worse is `latency_factor` times as long and `latency_slack` seconds more, with `samples` of both at least: without
    traffic there is no verdict. So it is when more than `error_share` of its requests failed, `errors` at least.
    """

    latency_factor: float = 1.5
    latency_slack: float = 0.020
    samples: int = 100
    window_seconds: float = 600.0
    errors: int = 3
    error_share: float = 0.05
    look_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Comparison:
    """One kind of latency: how many samples there are of either, and their 95th percentiles in seconds."""

    latency: Latency
    samples: dict[Arm, int]
    p95: dict[Arm, float]


@dataclass(slots=True)
class Canary:
    """One trial. Times are seconds of `now`. Not for use by several threads at once."""

    share: float
    rules: CanaryRules = field(default_factory=CanaryRules)
    now: Callable[[], float] = time.monotonic
    requests: int = 0  # that were given to either
    ended: int = 0  # of the candidate's
    failed: int = 0
    _windows: dict[tuple[Arm, Latency], Window] = field(init=False)
    _looked: float = 0.0

    def __post_init__(self) -> None:
        self._windows = {(arm, latency): Window(KEPT_SAMPLES) for arm in Arm for latency in Latency}
        self._looked = self.now()

    def choose(self) -> Arm:
        """Who serves the next request: of any number of them the candidate gets its share, spread evenly."""
        before, self.requests = self.requests, self.requests + 1
        taken = int(self.requests * self.share) > int(before * self.share)
        return Arm.CANDIDATE if taken else Arm.STABLE

    def observe(self, arm: Arm, latency: Latency, seconds: float) -> None:
        """A latency of a request."""
        self._windows[arm, latency].add(self.now(), (seconds,))

    def end(self, failed: bool) -> None:
        """A request of the candidate's has ended."""
        self.ended += 1
        self.failed += failed

    def due(self) -> bool:
        """Whether it is time to look for a breach again."""
        now = self.now()
        if now < self._looked + self.rules.look_seconds:
            return False
        self._looked = now
        return True

    def breach(self) -> str | None:
        """Why the candidate must go, or None."""
        rules = self.rules
        if self.failed >= rules.errors and self.failed > rules.error_share * self.ended:
            return f"{self.failed} of its {self.ended} requests failed"
        for found in self.comparisons():
            if min(found.samples.values()) >= rules.samples and self._worse(found):
                stable, candidate = (found.p95[arm] * 1000 for arm in Arm)
                return f"p95 of {found.latency} is {candidate:.0f} ms, the stable set's {stable:.0f} ms"
        return None

    def comparisons(self) -> tuple[Comparison, ...]:
        """Every kind of latency of which there is a sample."""
        before = self.now() - self.rules.window_seconds
        for window in self._windows.values():
            window.forget(before)
        return tuple(found for latency in Latency if any((found := self._comparison(latency)).samples.values()))

    def _comparison(self, latency: Latency) -> Comparison:
        windows = {arm: self._windows[arm, latency] for arm in Arm}
        return Comparison(latency, {a: len(w) for a, w in windows.items()}, {a: w.p95 for a, w in windows.items()})

    def _worse(self, found: Comparison) -> bool:
        stable, candidate = found.p95[Arm.STABLE], found.p95[Arm.CANDIDATE]
        return candidate > max(self.rules.latency_factor * stable, stable + self.rules.latency_slack)

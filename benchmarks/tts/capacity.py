"""The highest rate of Poisson arrivals that a side serves within a promised latency."""

from collections.abc import Callable
from dataclasses import dataclass

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.tts.trial import TtsTrial

P95_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """`rate` requests a second were served with a p95 latency of `p95_seconds`; both 0 when no rate was."""

    rate: float
    p95_seconds: float


def find_capacity(probe: Callable[[float], TtsTrial], highest: float, probes: int) -> Capacity:
    """Bisect between nothing and `highest`, which is what the side manages when it is never idle."""
    best, low, high = Capacity(0.0, 0.0), 0.0, highest
    for _ in range(probes):
        rate = (low + high) / 2
        p95 = Distribution.of([r.latency_seconds for r in probe(rate).requests]).p95
        if p95 <= P95_SECONDS:
            best, low = Capacity(rate, p95), rate
        else:
            high = rate
    return best

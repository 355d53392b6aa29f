"""What is asked of the sides, and when."""

import math
from dataclasses import dataclass

from speechtrt.benchmarks.tts.arrival import ALONE, Closed, Static, at_once, poisson, quantile_lengths
from speechtrt.benchmarks.tts.load import Utterance, middling, singles
from speechtrt.benchmarks.tts.trial import Round
from speechtrt.bundle import AudioSpec, TtsSpec

BURST, SINGLE, POISSON, SATURATED = "burst", "alone", "poisson", "saturated"
CONTINUOUS, STATIC, LONG, CAPACITY = "mixed-continuous", "mixed-static", "five-seconds", "capacity"
SATURATED_SLOTS = 16
USERS_PER_SLOT = 2
BASELINE_SHARE = 0.7  # of the baseline's own throughput, at which it can still keep up with Poisson arrivals
LONG_SECONDS = 5.0

IN_WORDS = {
    BURST: "all requests wait at time 0; latency counts from there to the last sample",
    SINGLE: "one request at a time, the next when the last has ended",
    POISSON: f"Poisson arrivals at {BASELINE_SHARE} of the rate at which the baseline serves the burst",
    SATURATED: f"{USERS_PER_SLOT} users for each of {SATURATED_SLOTS} slots, asking again at once; the steady part",
    CONTINUOUS: "lengths from short to long on a logarithmic scale, all at time 0",
    STATIC: "the same in batches as large as the slots, padded to their longest; results are there when a batch is",
    LONG: f"utterances of {LONG_SECONDS:g} seconds, one at a time",
    CAPACITY: "Poisson arrivals at the highest rate that keeps the p95 latency, found by bisection",
}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many requests each scenario has; `lengths` are decoder steps of the mixed one."""

    uncached: int
    poisson: int
    saturated: int
    mixed: int
    lengths: tuple[int, int]
    long: int
    long_seconds: float
    saturated_slots: int
    capacity_probes: int
    capacity_seconds: float


FULL = Sizes(3, 16, 96, 32, (20, 300), 8, LONG_SECONDS, SATURATED_SLOTS, 5, 8.0)
QUICK = Sizes(1, 4, 12, 6, (4, 24), 1, 0.5, 2, 1, 0.5)


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Rounds over the utterances of a load. `audio` and `rule` are the model's."""

    utterances: tuple[Utterance, ...]
    sizes: Sizes
    audio: AudioSpec
    rule: TtsSpec
    seed: int

    def burst(self) -> Round:
        """Everything at once, with the least work."""
        return Round(BURST, self.utterances, at_once(len(self.utterances)))

    def alone(self) -> Round:
        """Some of the shorter ones, one at a time."""
        return Round(SINGLE, singles(self.utterances), ALONE, interactive=True)

    def few(self) -> Round:
        """A small part of the burst, for a side that would take too long for all of it."""
        few = middling(self.utterances, self.sizes.uncached)
        return Round(BURST, few, at_once(len(few)))

    def poisson(self, rate: float) -> Round:
        """`rate` requests a second."""
        return self._arriving(POISSON, rate, self.sizes.poisson)

    def probe(self, rate: float) -> Round:
        """One try of the capacity search."""
        count = max(self.sizes.poisson, math.ceil(rate * self.sizes.capacity_seconds))
        return self._arriving(CAPACITY, rate, count)

    def saturated(self) -> Round:
        """More users than slots."""
        users = USERS_PER_SLOT * self.sizes.saturated_slots
        return Round(SATURATED, self._repeated(self.sizes.saturated + users), Closed(users))

    def mixed(self, batch: int | None = None) -> Round:
        """Lengths that differ much; in static batches when `batch` is given."""
        count = self.sizes.mixed
        lengths = quantile_lengths(count, *self.sizes.lengths, self.seed)
        mixed = tuple(Utterance(u.text, n) for u, n in zip(self._repeated(count), lengths, strict=True))
        return Round(CONTINUOUS, mixed, at_once(count)) if batch is None else Round(STATIC, mixed, Static(batch))

    def long(self) -> Round:
        """Utterances of five seconds."""
        step_seconds = self.rule.reduction * self.audio.hop / self.audio.sample_rate
        text = max((u.text for u in self.utterances), key=len)
        utterance = Utterance(text, max(1, round(self.sizes.long_seconds / step_seconds)))
        return Round(LONG, (utterance,) * self.sizes.long, ALONE, interactive=True)

    def _arriving(self, scenario: str, rate: float, count: int) -> Round:
        return Round(scenario, self._repeated(count), poisson(rate, count, self.seed), interactive=True)

    def _repeated(self, count: int) -> tuple[Utterance, ...]:
        times = math.ceil(count / len(self.utterances))
        return (self.utterances * times)[:count]

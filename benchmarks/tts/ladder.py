"""The sides of the comparison as rungs of a ladder: each adds one thing to the one before."""

from collections.abc import Mapping
from dataclasses import dataclass

from speechtrt.benchmarks.tts.baseline import BaselineSide
from speechtrt.benchmarks.tts.engines import EngineSide
from speechtrt.benchmarks.tts.measurement import Factory
from speechtrt.benchmarks.tts.subject import Subject
from speechtrt.benchmarks.tts.trial import BASELINE, UNCACHED

BATCHED, OVERLAPPED = "batched", "overlapped"


@dataclass(frozen=True, slots=True)
class Rung:
    """A side, what it adds to the rung before, and how to start it."""

    side: str
    adds: str
    factory: Factory


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every rung from the slowest on. `headline` is the last; `saturated` is the headline with more slots."""

    rungs: tuple[Rung, ...]
    saturated: Factory

    @property
    def headline(self) -> str:
        """The side that the plain names of the summary are about."""
        return self.rungs[-1].side

    @property
    def compared(self) -> Mapping[str, Factory]:
        """Every side that speaks the whole burst, the baseline first."""
        return {rung.side: rung.factory for rung in self.rungs if rung.side != UNCACHED}

    def factory(self, side: str) -> Factory:
        """How to start a side of this name."""
        return next(rung.factory for rung in self.rungs if rung.side == side)


def build_ladder(subject: Subject, slots: int, saturated_slots: int, threads: int, seed: int) -> Ladder:
    """PyTorch without and with its cache, each engine set one at a time, then the best with batching and overlap."""
    uncached = BaselineSide(subject.checkpoint, subject.rule, threads, seed, UNCACHED, cache=False)
    cached = BaselineSide(subject.checkpoint, subject.rule, threads, seed)
    best, folder = next(iter(subject.sides.items()))
    alone = [
        Rung(name, name, EngineSide(name, path, 1, threads, seed, overlap=False))
        for name, path in reversed(subject.sides.items())
    ]
    batched, overlapped = f"{best}-{BATCHED}", f"{best}-{OVERLAPPED}"
    rungs = (
        Rung(UNCACHED, "PyTorch eager, no KV cache", uncached),
        Rung(BASELINE, "KV cache", cached),
        *alone,
        Rung(batched, "continuous batching", EngineSide(batched, folder, slots, threads, seed, overlap=False)),
        Rung(overlapped, "stages overlap", EngineSide(overlapped, folder, slots, threads, seed, overlap=True)),
    )
    return Ladder(rungs, EngineSide(overlapped, folder, saturated_slots, threads, seed, overlap=True))

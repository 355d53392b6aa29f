"""How long scoring takes: `python -m speechtrt.benchmarks.statistics.scale FOLDER` writes scoring_benchmarks.json."""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import Promise, Sense, judge_bars
from speechtrt.benchmarks.measure.bootstrap import DRAWS
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import trial_reasons, verdict
from speechtrt.benchmarks.statistics.alignment import align
from speechtrt.benchmarks.statistics.correlation import rank_correlation
from speechtrt.benchmarks.statistics.error_rate import error_rate
from speechtrt.benchmarks.statistics.mapsswe import mapsswe
from speechtrt.benchmarks.statistics.paired import compare_paired
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors
from speechtrt.documents import write_document

NAME = "scoring_benchmarks"
SIZES, TRIALS = (1_000, 10_000, 100_000), 3
WORDS, VOCABULARY, SPEAKERS, ERRORS = 12, 1000, 100, (0.15, 0.17)
PROMISES = (
    Promise("seconds to score and test 10,000 utterances", "utterances_10000.seconds", Sense.AT_MOST, 60.0),
    Promise("peak memory for 10,000 utterances", "utterances_10000.peak_memory_bytes", Sense.AT_MOST, 1e9),
    Promise("time for 100,000 utterances against 10,000", "growth", Sense.AT_MOST, 11.0),
)


@dataclass(frozen=True, slots=True)
class ScoringLoad:
    """Made-up utterances of two systems, and draws of each bootstrap."""

    sizes: tuple[int, ...]
    words: int
    speakers: int
    draws: int


@dataclass(frozen=True, slots=True)
class ScoringTrial:
    """Aligning both systems, intervals of both, every paired test and a correlation, in a process of its own."""

    utterances: int
    seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """The child's work."""

    def score(self, count: int) -> ScoringTrial:
        """Make texts, which is not timed, then score them."""
        said = _said(count)
        first, second = (_heard(said, rate, seed) for seed, rate in enumerate(ERRORS, 1))
        began = time.perf_counter()
        aligned = [[align(a, b) for a, b in zip(said, found, strict=True)] for found in (first, second)]
        rows = [
            [UtteranceErrors.of(str(n), str(n % SPEAKERS), one) for n, one in enumerate(found)] for found in aligned
        ]
        for one in rows:
            error_rate(one)
        compare_paired(rows[0], rows[1])
        mapsswe(zip(*aligned, strict=True))
        rank_correlation([row.tokens for row in rows[0]], [row.rate for row in rows[0]])
        return ScoringTrial(count, time.perf_counter() - began, peak_bytes())


@dataclass(frozen=True, slots=True)
class Score:
    """One trial in the child."""

    count: int

    def __call__(self, scorer: Scorer) -> ScoringTrial:
        """Measure."""
        return scorer.score(self.count)


def measure() -> Result[ScoringLoad, ScoringTrial]:
    """Every size in turns, each trial in a fresh process."""
    trials = tuple(_trial(size) for _ in range(TRIALS) for size in SIZES)
    summary: dict[str, float] = {}
    for size in SIZES:
        own = [trial for trial in trials if trial.utterances == size]
        summary[f"utterances_{size}.seconds"] = sum(trial.seconds for trial in own) / len(own)
        summary[f"utterances_{size}.peak_memory_bytes"] = float(max(trial.peak_memory_bytes for trial in own))
    summary["growth"] = summary["utterances_100000.seconds"] / summary["utterances_10000.seconds"]
    rates = {str(size): [1 / t.seconds for t in trials if t.utterances == size] for size in SIZES}
    return Result(
        kind="scoring",
        environment=read_environment(),
        load=ScoringLoad(SIZES, WORDS, SPEAKERS, DRAWS),
        trials=trials,
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(trial_reasons(rates)),
    )


def _trial(size: int) -> ScoringTrial:
    with Child(f"{size} utterances", Scorer) as child:
        return child.call(Score(size))


def _said(count: int) -> list[list[str]]:
    rng = random.Random(0)
    return [[f"w{rng.randrange(VOCABULARY)}" for _ in range(WORDS)] for _ in range(count)]


def _heard(said: Sequence[Sequence[str]], rate: float, seed: int) -> list[list[str]]:
    """A third each of substitutions, deletions and insertions."""
    rng = random.Random(seed)
    found = []
    for words in said:
        line: list[str] = []
        for word in words:
            kind = rng.random() / rate
            if kind >= 1 / 3:
                line.append("x" if kind < 2 / 3 else word)
            if 2 / 3 <= kind < 1:
                line.append("y")
        found.append(line)
    return found


if __name__ == "__main__":
    document = measure()
    write_document(Path(sys.argv[1]) / f"{NAME}.json", document)
    for bar in document.bars:
        print(f"{bar.name}: {bar.value:.3g} ({bar.sense} {bar.bar:g}): {'kept' if bar.passed else 'MISSED'}")

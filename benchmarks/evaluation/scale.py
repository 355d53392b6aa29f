"""How long scoring takes: `python -m speechtrt.benchmarks.evaluation.scale FOLDER` writes scoring_benchmarks.json."""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.evaluation.comparing import compare_all
from speechtrt.benchmarks.evaluation.document import make_document, make_load
from speechtrt.benchmarks.evaluation.errors import analyse
from speechtrt.benchmarks.evaluation.ledger import Heard
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry
from speechtrt.benchmarks.evaluation.normaliser import NormaliserName, open_normaliser
from speechtrt.benchmarks.evaluation.routing import study_routing
from speechtrt.benchmarks.evaluation.scoring import score_all
from speechtrt.benchmarks.evaluation.system import Decoder, System
from speechtrt.benchmarks.evaluation.transcribing import Transcripts
from speechtrt.benchmarks.measure.bar import Promise, Sense, judge_bars
from speechtrt.benchmarks.measure.bootstrap import DRAWS
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.rounds import rounds
from speechtrt.benchmarks.measure.verdict import trial_reasons, verdict
from speechtrt.documents import write_document
from speechtrt.runtime.asr.decoding.options import GREEDY

NAME = "scoring_benchmarks"
SIZES, TRIALS = (1_000, 10_000, 100_000), 3
WORDS, VOCABULARY, SPEAKERS, GROUPS, DIALECT = 12, 1000, 100, 5, "dialect"
SYSTEMS = (("first", 0.15), ("second", 0.17))
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
    """Normalising, aligning, intervals, every paired test in every group, error analysis; in a process of its own."""

    utterances: int
    seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, slots=True)
class Scorer:
    """The child's work."""

    def score(self, count: int) -> ScoringTrial:
        """Make texts, which is not timed; then all that an evaluation does with what was heard."""
        said = spoken(count)
        entries = [Entry(str(n), Path(), text, f"speaker {n % SPEAKERS}", _group(n)) for n, text in enumerate(said)]
        transcripts = [_transcripts(name, misheard(said, rate, seed)) for seed, (name, rate) in enumerate(SYSTEMS, 1)]
        began = time.perf_counter()
        scored = score_all(transcripts, entries, open_normaliser(NormaliserName.BASIC), DIALECT)
        load = make_load("made up", DIALECT, "basic", scored, (), {})
        analyses = tuple(map(analyse, scored))
        comparisons, routing = compare_all(scored), study_routing(scored)
        make_document(read_environment(), load, scored, comparisons, analyses, routing, quick=False)
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
    trials = list[ScoringTrial]()
    for _ in rounds(TRIALS, lambda: rates(trials)):
        trials.extend(measure_one(size) for size in SIZES)
    summary: dict[str, float] = {}
    for size in SIZES:
        own = [trial for trial in trials if trial.utterances == size]
        summary[f"utterances_{size}.seconds"] = sum(trial.seconds for trial in own) / len(own)
        summary[f"utterances_{size}.peak_memory_bytes"] = float(max(trial.peak_memory_bytes for trial in own))
    summary["growth"] = summary["utterances_100000.seconds"] / summary["utterances_10000.seconds"]
    return Result(
        kind="scoring",
        environment=read_environment(),
        load=ScoringLoad(SIZES, WORDS, SPEAKERS, DRAWS),
        trials=tuple(trials),
        summary=summary,
        bars=judge_bars(PROMISES, summary),
        valid=verdict(trial_reasons(rates(trials))),
    )


def rates(trials: Sequence[ScoringTrial]) -> dict[str, list[float]]:
    """Scorings a second of each trial, by how many utterances were scored."""
    return {str(size): [1 / t.seconds for t in trials if t.utterances == size] for size in SIZES}


def measure_one(size: int) -> ScoringTrial:
    """One trial in a fresh process."""
    with Child(f"{size} utterances", Scorer) as child:
        return child.call(Score(size))


def spoken(count: int) -> list[str]:
    """Utterances of words without sense."""
    rng = random.Random(0)
    return [" ".join(f"w{rng.randrange(VOCABULARY)}" for _ in range(WORDS)) for _ in range(count)]


def misheard(said: Sequence[str], rate: float, seed: int) -> list[str]:
    """The same with about `rate` errors a word: a third each of substitutions, deletions and insertions."""
    rng = random.Random(seed)
    found = []
    for text in said:
        line: list[str] = []
        for word in text.split():
            kind = rng.random() / rate
            if kind >= 1 / 3:
                line.append("x" if kind < 2 / 3 else word)
            if 2 / 3 <= kind < 1:
                line.append("y")
        found.append(" ".join(line))
    return found


def _group(number: int) -> dict[str, str]:
    return {DIALECT: f"group {number % GROUPS}"}


def _transcripts(name: str, texts: Sequence[str]) -> Transcripts:
    system = System(name, "made-up", Decoder("greedy", GREEDY), None, Path())
    rows = {str(n): Heard(str(n), text, 2.0 + n % 7, 0.01, 10.0 + n % 11) for n, text in enumerate(texts)}
    return Transcripts(system, rows, (), None)


if __name__ == "__main__":
    document = measure()
    write_document(Path(sys.argv[1]) / f"{NAME}.json", document)
    for bar in document.bars:
        print(f"{bar.name}: {bar.value:.3g} ({bar.sense} {bar.bar:g}): {'kept' if bar.passed else 'MISSED'}")

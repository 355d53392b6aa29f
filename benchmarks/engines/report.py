"""From measurements to a document and a table."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.engines.trial import EnginesLoad, StageTrial
from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.markdown import markdown_table, promise_rows
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.documents import write_document

EnginesResult = Result[EnginesLoad, StageTrial]
NAME = "engine_benchmarks"


@dataclass(frozen=True, slots=True)
class EnginesReport:
    """A finished benchmark of engines."""

    result: EnginesResult

    @property
    def table(self) -> str:
        """Markdown: stages, then promises."""
        return f"{markdown_table(_stages(self.result.trials))}\n\n{markdown_table(promise_rows(self.result.bars))}"

    def write(self, folder: Path) -> Path:
        """Write the JSON document and the Markdown into `folder`; the path of the document."""
        path = folder / f"{NAME}.json"
        write_document(path, self.result)
        write_bytes(path.with_suffix(".md"), f"# Engines against their reference precision\n\n{self.table}\n".encode())
        return path


def grouped(trials: Sequence[StageTrial]) -> dict[str, list[StageTrial]]:
    """Trials by their key, in order of first appearance."""
    groups: dict[str, list[StageTrial]] = defaultdict(list)
    for trial in trials:
        groups[trial.key].append(trial)
    return groups


def speeds(trials: Sequence[StageTrial]) -> dict[str, float]:
    """Mean over trials: how many times faster than the reference precision, and milliseconds of both."""
    numbers: dict[str, float] = {}
    for key, group in grouped(trials).items():
        numbers[f"{key}.speedup"] = Distribution.of([1 / trial.ratio for trial in group]).mean
        numbers[f"{key}.seconds"] = Distribution.of([trial.seconds for trial in group]).mean
        numbers[f"{key}.reference_seconds"] = Distribution.of([trial.reference_seconds for trial in group]).mean
    return numbers


def gains(trials: Sequence[StageTrial]) -> dict[str, list[float]]:
    """How many times faster each trial was, by the key of what it timed."""
    return {key: [1 / trial.ratio for trial in group] for key, group in grouped(trials).items()}


def doubts(trials: Sequence[StageTrial]) -> list[str]:
    """Why the numbers may not be quoted: unsteady ratios or a busy machine."""
    groups = grouped(trials)
    return [
        *trial_reasons(gains(trials)),
        *contention_reasons({key: [trial.foreign_share for trial in group] for key, group in groups.items()}),
    ]


def _stages(trials: Sequence[StageTrial]) -> Iterator[list[str]]:
    yield ["model", "engines", "stage", "batch", "ms", "reference ms", "times faster"]
    numbers = speeds(trials)
    for key, (trial, *_) in grouped(trials).items():
        times = (f"{1e3 * numbers[f'{key}.{name}']:.3g}" for name in ("seconds", "reference_seconds"))
        yield [trial.model, trial.side, trial.stage, str(trial.batch), *times, f"{numbers[f'{key}.speedup']:.2f}"]

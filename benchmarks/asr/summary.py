"""Flat numbers out of passes: per engine set, chunk and batch."""

from collections import defaultdict
from collections.abc import Sequence

from speechtrt.benchmarks.asr.trial import AsrTrial
from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons

Numbers = dict[str, float]


def grouped(trials: Sequence[AsrTrial]) -> dict[str, list[AsrTrial]]:
    """Trials by their key, in order of first appearance."""
    groups: dict[str, list[AsrTrial]] = defaultdict(list)
    for trial in trials:
        groups[trial.key].append(trial)
    return groups


def cell_numbers(trials: Sequence[AsrTrial]) -> Numbers:
    """Numbers of one engine set in one arrangement."""
    rtf = Distribution.of([t.real_time_factor for t in trials])
    return {
        "real_time_factor": rtf.mean,
        "real_time_factor_std": rtf.std,
        "audio_seconds_per_second": 1 / rtf.mean,
        "cpu_seconds_per_audio_second": Distribution.of([t.cpu_seconds / t.audio_seconds for t in trials]).mean,
        "encoder_share": Distribution.of(
            [t.stage_seconds["encoder"] / sum(t.stage_seconds.values()) for t in trials]
        ).mean,
        "batch_fill": Distribution.of([t.batch_fill for t in trials]).mean,
        "word_error_rate": Distribution.of([t.word_error_rate for t in trials]).mean,
        "character_error_rate": Distribution.of([t.character_error_rate for t in trials]).mean,
    }


def summarise(trials: Sequence[AsrTrial], peak_bytes: dict[str, int]) -> Numbers:
    """The fastest arrangement of the first engine set by plain names, then everything by key."""
    cells = {key: cell_numbers(group) for key, group in grouped(trials).items()}
    first = [numbers for key, numbers in cells.items() if key.startswith(f"{trials[0].side}.")]
    best = min(first, key=lambda numbers: numbers["real_time_factor"])
    return {
        **best,
        **{f"{key}.{name}": value for key, numbers in cells.items() for name, value in numbers.items()},
        **{f"{side}.peak_memory_bytes": float(peak) for side, peak in peak_bytes.items()},
    }


def rates(trials: Sequence[AsrTrial]) -> dict[str, list[float]]:
    """Seconds of audio per second of work, of each pass by its key."""
    return {key: [1 / trial.real_time_factor for trial in group] for key, group in grouped(trials).items()}


def doubts(trials: Sequence[AsrTrial]) -> list[str]:
    """Why the numbers may not be quoted: unsteady passes or a busy machine."""
    groups = grouped(trials)
    return [
        *trial_reasons(rates(trials)),
        *contention_reasons({key: [t.foreign_share for t in group] for key, group in groups.items()}),
    ]

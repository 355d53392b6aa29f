"""How much a number changed from one result to another, and whether that is more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from speechtrt.benchmarks.compare.series import Series
from speechtrt.benchmarks.measure.bootstrap import Array, interval, resample
from speechtrt.quality import Better

FEWEST = 3  # samples on each side; an interval of fewer means nothing


class Verdict(StrEnum):
    """What can be said of the second result next to the first."""

    BETTER = "better"
    WORSE = "worse"
    SAME = "the same"
    UNCLEAR = "no evidence of a difference"
    FEW = "too few samples to tell"


@dataclass(frozen=True, slots=True)
class Difference:
    """Means of both, and the relative difference with its 95 % interval; None where it cannot be computed."""

    group: str
    metric: str
    better: Better
    first: float
    second: float
    change: float | None
    low: float | None
    high: float | None
    samples: int
    paired: bool
    verdict: Verdict


def differences(series: Sequence[Series], tolerance: float) -> tuple[Difference, ...]:
    """Every series judged; a change of up to `tolerance` (relative) in the wrong direction is not called worse."""
    return tuple(_difference(one, tolerance) for one in series)


def _difference(series: Series, tolerance: float) -> Difference:
    first, second = (np.array(list(values.values())) for values in (series.first, series.second))
    a, b = float(first.mean()), float(second.mean())
    change = low = high = None
    if a != 0:
        change = b / a - 1
        if min(len(first), len(second)) >= FEWEST:
            spread = interval(_changes(first, second, series.paired))
            low, high = spread.low, spread.high
    verdict = _verdict(series.better, a == b, low, high, tolerance)
    samples = min(len(first), len(second))
    return Difference(
        series.group, series.metric, series.better, a, b, change, low, high, samples, series.paired, verdict
    )


def _changes(first: Array, second: Array, paired: bool) -> Array:
    """Bootstrap of the ratio of means minus 1: pairs are drawn together, other samples on their own."""
    if paired:
        above, below = resample(np.stack([second, first], 1), range(len(first))).T
    else:
        above = resample(second[:, None], range(len(second)), seed=1)[:, 0] / len(second)
        below = resample(first[:, None], range(len(first)), seed=2)[:, 0] / len(first)
    changes: Array = above / below - 1
    return changes


def _verdict(better: Better, equal: bool, low: float | None, high: float | None, tolerance: float) -> Verdict:
    if equal:
        return Verdict.SAME
    if low is None or high is None:
        return Verdict.FEW
    worst, best = (low, high) if better is Better.LOWER else (-high, -low)
    if worst > tolerance:
        return Verdict.WORSE
    return Verdict.BETTER if best < 0 else Verdict.UNCLEAR

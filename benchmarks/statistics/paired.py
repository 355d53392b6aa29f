"""Two systems on the same utterances: is there a difference, how large is it, and how small a one would be seen?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from speechtrt.benchmarks.measure.bootstrap import DRAWS, Array, interval, resample
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors
from speechtrt.errors import BenchmarkError

POWER, LEVEL = 0.8, 0.05
DRAWS_EACH = 80  # of a comparison: the smallest p there is, after Holm, is then half of LEVEL


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """The second system minus the first; below zero the second errs less.

    `difference` of rates with its 95 % interval and p by blocked bootstrap; `t_p` and `d` (Cohen's, of the differences)
    by utterance; `wilcoxon_p` by ranks. `detectable`: the smallest difference that is found four times out of five.
    """

    utterances: int
    speakers: int
    difference: float
    low: float
    high: float
    bootstrap_p: float
    t_p: float
    d: float
    wilcoxon_p: float
    detectable: float


def compare_paired(
    first: Sequence[UtteranceErrors], second: Sequence[UtteranceErrors], draws: int = DRAWS, seed: int = 0
) -> PairedComparison:
    """Compare row by row. Raises BenchmarkError when the rows are not of the same utterances."""
    if [a.utterance for a in first] != [b.utterance for b in second] or not first:
        raise BenchmarkError(
            f"found {len(first)} and {len(second)} utterances that are not the same; expected one row of each for both"
        )
    rates = np.array([b.rate - a.rate for a, b in zip(first, second, strict=True)])
    columns = np.array([(b.errors - a.errors, a.tokens) for a, b in zip(first, second, strict=True)], np.float64)
    speakers = len({a.speaker for a in first})
    drawn = resample(columns, [a.speaker if speakers > 1 else a.utterance for a in first], draws, seed)
    estimates = drawn[:, 0] / np.maximum(drawn[:, 1], 1)
    spread = interval(estimates)
    return PairedComparison(
        utterances=len(first),
        speakers=speakers,
        difference=float(columns[:, 0].sum() / max(1.0, columns[:, 1].sum())),
        low=spread.low,
        high=spread.high,
        bootstrap_p=_two_sided(estimates),
        t_p=_t(rates),
        d=_cohens_d(rates),
        wilcoxon_p=_wilcoxon(rates),
        detectable=_detectable(estimates),
    )


def draws_for(comparisons: int) -> int:
    """Draws of each bootstrap with which one of so many comparisons can be beyond chance after Holm's method.

    No p is below two of the draws, so with too few of them none could ever be, whatever the difference.
    """
    return max(DRAWS, DRAWS_EACH * comparisons)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted for as many looks (Holm 1979): each can be held against 5 % as if it were the only one."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted, largest = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[place]))
        adjusted[place] = largest
    return adjusted


def in_words(comparison: PairedComparison, adjusted_p: float, first: str, second: str) -> str:
    """What the comparison says."""
    points, seen = 100 * abs(comparison.difference), 100 * comparison.detectable
    if seen == 0 and points == 0:
        return "no difference: the same errors for every speaker"
    if adjusted_p > LEVEL:
        return f"no evidence of a difference; one of {seen:.1f} points would have been found"
    better, worse = (second, first) if comparison.difference < 0 else (first, second)
    return f"{better} makes fewer errors than {worse} by {points:.1f} points"


def _two_sided(estimates: Array) -> float:
    """Twice the share of the distribution on the far side of zero, never less than one draw; ties are halved."""
    below, above = float((estimates < 0).sum()), float((estimates > 0).sum())
    equal = len(estimates) - below - above
    return min(1.0, 2 * (min(below, above) + equal / 2 + 1) / (len(estimates) + 1))


def _t(differences: Array) -> float:
    """p of the paired t-test; 1 where nothing differs, or there is a single utterance."""
    if len(differences) < 2 or not differences.any():
        return 1.0
    if differences.std(ddof=1) == 0:
        return 0.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def _cohens_d(differences: Array) -> float:
    """Mean over standard deviation of the differences; 0 where they do not vary."""
    deviation = differences.std(ddof=1) if len(differences) > 1 else 0.0
    return float(differences.mean() / deviation) if deviation > 0 else 0.0


def _wilcoxon(differences: Array) -> float:
    """p of the signed-rank test with Pratt's treatment of ties at zero; 1 where nothing differs."""
    if not differences.any():
        return 1.0
    return float(stats.wilcoxon(differences, zero_method="pratt", correction=False, method="approx").pvalue)


def _detectable(estimates: Array) -> float:
    """From the blocked standard error: (z at half of 5 % + z at 80 % power) times it."""
    error = float(estimates.std(ddof=1))
    return float((stats.norm.ppf(1 - LEVEL / 2) + stats.norm.ppf(POWER)) * error)

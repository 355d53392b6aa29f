"""Intervals by paired bootstrap: whole blocks (speakers, texts) are drawn, so that what hangs together stays so."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechtrt.errors import BenchmarkError

DRAWS = 10_000
LEVEL = 0.95
AT_ONCE = 1_000  # draws whose weights are in memory together, at most
WEIGHTS = 10_000_000  # of 8 bytes that are in memory together

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Interval:
    """The central 95 % of an estimate's bootstrap distribution."""

    low: float
    high: float

    def excludes(self, value: float) -> bool:
        """Whether `value` lies outside, so that the estimate differs from it; never for an interval of NaN."""
        return value < self.low or value > self.high


def resample(columns: Array, blocks: Sequence[Hashable], draws: int = DRAWS, seed: int = 0) -> Array:
    """Sums [draws, columns] of `columns` [utterances, columns] over as many blocks as there are, drawn `draws` times.

    Blocks are the unit that is drawn because utterances of one speaker err alike (Bisani and Ney 2004; Liu and others
    2020, "Statistical testing on ASR performance via blockwise bootstrap"). Raises BenchmarkError without a row.
    """
    if len(columns) == 0 or len(columns) != len(blocks):
        raise BenchmarkError(f"found {len(columns)} rows and {len(blocks)} blocks; expected as many, and at least one")
    totals = _by_block(columns, blocks)
    rng, count = np.random.default_rng(seed), len(totals)
    parts, together = [], max(1, min(AT_ONCE, WEIGHTS // count))
    for start in range(0, draws, together):
        weights = rng.multinomial(count, np.full(count, 1 / count), size=min(together, draws - start))
        parts.append(weights @ totals)
    return np.concatenate(parts)


def interval(estimates: Array) -> Interval:
    """The central 95 % of finite estimates (percentile method); NaN when there are none."""
    finite = estimates[np.isfinite(estimates)]
    if finite.size == 0:
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def _by_block(columns: Array, blocks: Sequence[Hashable]) -> Array:
    places = {block: place for place, block in enumerate(dict.fromkeys(blocks))}
    totals = np.zeros((len(places), columns.shape[1]))
    np.add.at(totals, [places[block] for block in blocks], columns)
    return totals

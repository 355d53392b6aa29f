"""Does something grow with something else?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

FEWEST = 5


@dataclass(frozen=True, slots=True)
class RankCorrelation:
    """Spearman's rho with p and 95 % interval (Fisher's z with the standard error of Bonett and Wright, 2000)."""

    rho: float
    low: float
    high: float
    p: float
    count: int


def rank_correlation(first: Sequence[float], second: Sequence[float]) -> RankCorrelation | None:
    """None for fewer than five pairs, or where one side does not vary."""
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if len(a) < FEWEST or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    found = stats.spearmanr(a, b)
    rho, p = float(found.statistic), float(found.pvalue)
    error = np.sqrt((1 + rho**2 / 2) / (len(a) - 3))
    low, high = np.tanh(
        np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12)) + np.array([-1, 1]) * stats.norm.ppf(0.975) * error
    )
    return RankCorrelation(rho, float(low), float(high), p, len(a))

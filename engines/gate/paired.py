"""Is one engine set worse than another? A paired test over the utterances that both of them spoke or heard.

Under the hypothesis that neither is worse, each utterance's difference might as well have the other sign. P-values of
several tests are adjusted by Holm (1979), A simple sequentially rejective multiple test procedure.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from speechtrt.engines.gate.quality import Observation
from speechtrt.quality import Better

FLIPS = 10_000
SEED = 7


def p_worse(observations: Sequence[Observation], better: Better) -> float:
    """Chance of a total difference this bad if neither side is worse: one-sided, by flipping signs.

    Readings of one text (`text/seed`) are flipped together, because they do not vary independently.
    """
    totals: dict[str, float] = {}
    for row in observations:
        block = row.utterance.partition("/")[0]
        totals[block] = totals.get(block, 0.0) + row.value - row.reference
    differences = np.array(list(totals.values())) * (1 if better is Better.LOWER else -1)
    signs = np.random.default_rng(SEED).choice((-1.0, 1.0), (FLIPS, differences.size))
    as_bad = np.count_nonzero(signs @ differences >= differences.sum() - 1e-12)
    return (1 + int(as_bad)) / (1 + FLIPS)


def holm(values: Mapping[str, float]) -> dict[str, float]:
    """Adjusted p-values under the same names."""
    adjusted: dict[str, float] = {}
    highest = 0.0
    for rank, name in enumerate(sorted(values, key=lambda n: values[n])):
        highest = max(highest, min(1.0, (len(values) - rank) * values[name]))
        adjusted[name] = highest
    return adjusted

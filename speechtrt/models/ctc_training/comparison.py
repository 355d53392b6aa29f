"""Is one model better than another? Paired bootstrap of the difference of word error rates over utterances."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechtrt.models.word_errors import edit_distance

Pair = tuple[str, str]  # reference, hypothesis
RESAMPLES = 4000


@dataclass(frozen=True, slots=True)
class WerDifference:
    """WER of the second model minus that of the first, its 95 % interval, and a two-sided p of no difference."""

    difference: float
    low: float
    high: float
    p: float


def compare(first: Sequence[Pair], second: Sequence[Pair], seed: int = 1) -> WerDifference:
    """Both models heard the same utterances in the same order (Bisani and Ney 2004)."""
    words = np.array([len(reference.split()) for reference, _ in first])
    gap = np.array([_edits(b) - _edits(a) for a, b in zip(first, second, strict=True)])
    drawn = np.random.default_rng(seed).integers(len(gap), size=(RESAMPLES, len(gap)))
    differences = gap[drawn].sum(1) / words[drawn].sum(1)
    low, high = np.quantile(differences, (0.025, 0.975))
    tail = min(float((differences <= 0).mean()), float((differences >= 0).mean()))
    return WerDifference(
        round(float(gap.sum() / words.sum()), 5), round(float(low), 5), round(float(high), 5), min(1.0, 2 * tail)
    )


def _edits(pair: Pair) -> int:
    return edit_distance(pair[0].split(), pair[1].split())

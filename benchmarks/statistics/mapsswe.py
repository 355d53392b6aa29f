"""NIST's matched-pairs test on segments of sentences (Gillick and Cox 1989; Pallett and others 1990).

A segment is a stretch in which at least one system errs, bounded by words that both got right or by the utterance's
ends. Errors of different segments are taken for independent, those within one are not.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy import stats

from speechtrt.benchmarks.statistics.alignment import Alignment
from speechtrt.errors import BenchmarkError

BUFFER = 2  # correct words in a row that part two segments, as in sc_stats


@dataclass(frozen=True, slots=True)
class SegmentTest:
    """`mean` of (errors of the first - errors of the second) over segments; `z`, and p of both sides."""

    segments: int
    mean: float
    z: float
    p: float


def mapsswe(pairs: Iterable[tuple[Alignment, Alignment]]) -> SegmentTest:
    """Test two systems by their alignments with the same references; p is 1 where nothing varies.

    Raises BenchmarkError for other references.
    """
    differences = np.array([a - b for first, second in pairs for a, b in segments(first, second)], np.float64)
    if len(differences) < 2 or differences.std(ddof=1) == 0:
        return SegmentTest(len(differences), float(differences.mean()) if len(differences) else 0.0, 0.0, 1.0)
    mean = float(differences.mean())
    z = float(mean / (differences.std(ddof=1) / np.sqrt(len(differences))))
    return SegmentTest(len(differences), mean, z, float(2 * stats.norm.sf(abs(z))))


def segments(first: Alignment, second: Alignment) -> Iterator[tuple[int, int]]:
    """Errors of both systems in every segment of an utterance."""
    words = list(zip(_by_word(first), _by_word(second), strict=False))
    if first.tokens != second.tokens:
        raise BenchmarkError(
            f"references of {first.tokens} and {second.tokens} words were paired; expected the same utterance"
        )
    ours = theirs = good = 0
    for a, b in words:
        for mine, yours in ((a.before, b.before), (a.wrong, b.wrong)):
            if mine or yours:
                ours, theirs, good = ours + mine, theirs + yours, 0
        if not a.wrong and not b.wrong and not a.last:
            good += 1
            if good == BUFFER and (ours or theirs):
                yield ours, theirs
                ours = theirs = 0
    if ours or theirs:
        yield ours, theirs


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of the reference: insertions before it, and whether it was missed. The last is the utterance's end."""

    before: int
    wrong: int
    last: bool = False


def _by_word(alignment: Alignment) -> Iterator[_Word]:
    inserted = 0
    for wanted, found in alignment.pairs:
        if wanted is None:
            inserted += 1
            continue
        yield _Word(inserted, int(wanted != found))
        inserted = 0
    yield _Word(inserted, 0, last=True)

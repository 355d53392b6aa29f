"""Which systems are compared, and what each comparison says, group by group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from speechtrt.benchmarks.evaluation.scoring import EVERYTHING, Scored
from speechtrt.benchmarks.statistics.mapsswe import SegmentTest, mapsswe
from speechtrt.benchmarks.statistics.paired import PairedComparison, compare_paired, draws_for, holm, in_words


@dataclass(frozen=True, slots=True)
class Comparison:
    """`second` minus `first` in one group. `adjusted_p`: the bootstrap's after Holm, over all comparisons of a run."""

    first: str
    second: str
    group: str
    paired: PairedComparison
    segments: SegmentTest
    adjusted_p: float = 1.0

    @property
    def words(self) -> str:
        """The verdict."""
        return in_words(self.paired, self.adjusted_p, "the first", "the second")


def compare_all(scored: Sequence[Scored]) -> tuple[Comparison, ...]:
    """Pairs of systems that differ in one thing only: model, precision, decoder or chunk."""
    pairs = _pairs(scored)
    draws = draws_for(sum(len(_groups(first)) for first, _ in pairs))
    found = [comparison for first, second in pairs for comparison in _compare(first, second, draws)]
    adjusted = holm([one.paired.bootstrap_p for one in found])
    return tuple(replace(one, adjusted_p=p) for one, p in zip(found, adjusted, strict=True))


def _pairs(scored: Sequence[Scored]) -> list[tuple[Scored, Scored]]:
    return [
        (first, second)
        for first, second in combinations(scored, 2)
        if sum(a != b for a, b in zip(first.system.parts, second.system.parts, strict=True)) == 1
    ]


def _groups(scored: Scored) -> tuple[str, ...]:
    return (EVERYTHING, *(scored.groups if len(scored.groups) > 1 else ()))


def _compare(first: Scored, second: Scored, draws: int) -> Iterator[Comparison]:
    for group in _groups(first):
        a, b = first.of(group), second.of(group)
        yield Comparison(
            first.system.name,
            second.system.name,
            group,
            compare_paired([s.counted for s in a], [s.counted for s in b], draws),
            mapsswe((x.alignment, y.alignment) for x, y in zip(a, b, strict=True)),
        )

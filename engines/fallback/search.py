"""How many of the worst groups must be spared? Found by bisection, with the gate as the judge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from speechtrt.fallback import FallbackSearch, GroupError, SearchStep

LEAST_SHARE = 0.25  # of the weights; with less lowered, a stage is not worth its conversions

Judge = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """How many groups to spare, or None when no share that is worth having passes."""

    spared: int | None
    record: FallbackSearch


def search(groups: Sequence[GroupError], judge: Judge, refused: str) -> SearchResult:
    """Spare as few of `groups` (the worst first) as the gate lets.

    `judge` takes how many are spared and answers why the gate refuses, or "" when it passes; `refused` is why it
    refused with none spared. One attempt for a hopeless case, about log2(len(groups)) for any other.
    """
    steps = [SearchStep(0, 1.0, False, refused)]

    def passes(count: int) -> bool:
        reason = judge(count)
        steps.append(SearchStep(count, lowered_share(groups, count), not reason, reason))
        return not reason

    failing, passing = 0, _most_spared(groups)
    if passing <= failing or not passes(passing):
        return SearchResult(None, _record(groups, 0, steps))
    while passing - failing > 1:
        middle = (failing + passing) // 2
        if passes(middle):
            passing = middle
        else:
            failing = middle
    return SearchResult(passing, _record(groups, passing, steps))


def lowered_share(groups: Sequence[GroupError], spared: int) -> float:
    """Share of the weights that is lowered when the first `spared` groups are not."""
    return sum(g.weights for g in groups[spared:]) / max(1, sum(g.weights for g in groups))


def _most_spared(groups: Sequence[GroupError]) -> int:
    return max((n for n in range(len(groups)) if lowered_share(groups, n) >= LEAST_SHARE), default=0)


def _record(groups: Sequence[GroupError], spared: int, steps: Sequence[SearchStep]) -> FallbackSearch:
    return FallbackSearch(tuple(replace(g, spared=i < spared) for i, g in enumerate(groups)), tuple(steps))

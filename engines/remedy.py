"""Ways for integers to err less in every node, tried before any node is spared."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from speechtrt.engines.graph import Graph
from speechtrt.engines.quantize.ranges import Measure, measure_ranges
from speechtrt.engines.quantize.rescaling import Rescaled, rescale
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision

if TYPE_CHECKING:
    from speechtrt.engines.candidate import Candidate

RESCALED = "channels rescaled"
NARROWED = "ranges narrowed"
PRODUCTS = ("MatMul", "Gemm")

Make = Callable[[Graph, Measure], "Candidate"]  # of a canonical graph, with ranges measured in some way


@dataclass(frozen=True, slots=True)
class Remedy:
    """`make` answers None where there is nothing to mend in this way."""

    name: str
    make: "Callable[[], Candidate | None]"

    def then(self, change: "Callable[[Candidate], Candidate]") -> "Remedy":
        """The remedy with `change` made to what it makes."""

        def changed() -> "Candidate | None":
            made = self.make()
            return None if made is None else change(made)

        return Remedy(self.name, changed)


def with_remedies(plain: "Candidate", make: Make, canonical: Graph, inputs: Playlist, narrow: Measure) -> "Candidate":
    """`plain`, which `make` made of `canonical` in INT8. Rescaling comes first, as it loses nothing of any value."""
    lowered = {row.node for row in plain.policy if row.precision is Precision.INT8}
    products = {row.node for row in plain.policy if row.node in lowered and row.op in PRODUCTS}

    @cache
    def moved() -> Rescaled:
        return rescale(canonical, products, inputs)

    def narrowed() -> "Candidate":
        return _noted(make(canonical, narrow), lowered, NARROWED)

    def rescaled(measure: Measure) -> "Candidate | None":
        found = moved()
        return _noted(make(found.graph, measure), found.channels, RESCALED) if found.channels else None

    def both() -> "Candidate | None":
        made = rescaled(narrow)
        return None if made is None else _noted(made, lowered, NARROWED)

    remedies = (
        Remedy(RESCALED, lambda: rescaled(measure_ranges)),
        Remedy(NARROWED, narrowed),
        Remedy(f"{RESCALED}, {NARROWED}", both),
    )
    return replace(plain, remedies=remedies)


def _noted(candidate: "Candidate", nodes: Collection[str], said: str) -> "Candidate":
    """`candidate` with the remedy among the reasons of `nodes`."""
    policy = tuple(
        replace(row, reason=f"{row.reason}; {said}") if row.node in nodes else row for row in candidate.policy
    )
    return replace(candidate, policy=policy)

"""Graphs between a lowered one and the one it was made from."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Protocol

from onnx import NodeProto

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.fallback.group import Group, by_activation, by_product, rank_groups
from speechtrt.engines.fallback.rewrite import find_rewrites
from speechtrt.engines.fallback.splice import splice
from speechtrt.engines.fulfilment import computed_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.half import convert_to_half, reasons_for_full
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision


class Mixture(Protocol):
    """What is common to ways of lowering only a part."""

    def groups(self, inputs: Playlist) -> list[Group]:
        """What can be spared on its own, with the largest own error first; `inputs` fit the graphs."""
        ...

    def sparing(self, nodes: Collection[str]) -> Graph:
        """The lowered graph with these nodes of the full one as they were."""
        ...


class QuantizedMixture:
    """Both graphs have the same element types at every shared tensor, so parts are simply exchanged."""

    def __init__(self, full: Graph, lowered: Graph) -> None:
        self._full, self._lowered = full, lowered
        self._rewrites = find_rewrites(full, lowered)

    def groups(self, inputs: Playlist) -> list[Group]:
        """See Mixture."""
        return rank_groups(self._full, self._lowered, by_activation(self._rewrites), inputs)

    def sparing(self, nodes: Collection[str]) -> Graph:
        """See Mixture."""
        return splice(self._full, self._lowered, (r for r in self._rewrites if not set(nodes).intersection(r.replaced)))


class HalfMixture:
    """Converted again for every choice, since a spared node needs casts around it."""

    def __init__(self, full: Graph, lowered: Graph) -> None:
        self._full, self._lowered = full, lowered
        self._reasons = reasons_for_full(full)

    def groups(self, inputs: Playlist) -> list[Group]:
        """See Mixture."""
        fixed = {node.name for node in self._full.nodes if _at_cache(self._full, node)}
        free = (r for r in find_rewrites(self._full, self._lowered) if not fixed.intersection(r.replaced))
        return rank_groups(self._full, self._lowered, by_product(self._full, free), inputs)

    def sparing(self, nodes: Collection[str]) -> Graph:
        """See Mixture."""
        return convert_to_half(self._full, {*self._reasons, *nodes})


def make_mixture(full: Graph, lowered: Graph, precision: Precision) -> Mixture:
    """The way in which `lowered`, `full` in `precision`, can be spared in part."""
    return HalfMixture(full, lowered) if precision is Precision.FP16 else QuantizedMixture(full, lowered)


def spared_policy(
    policy: Iterable[NodePolicy], groups: Iterable[Group], full: Graph, safer: Precision, refused: str
) -> tuple[NodePolicy, ...]:
    """`policy` with the nodes of `groups` as in `full`, mostly `safer`, each with its figures as the reason."""
    figures = {node: group.describe() for group in groups for node in group.nodes}
    before = {node.name: computed_in(full, node) or safer for node in full.nodes if node.name in figures}
    return tuple(
        replace(row, precision=before[row.node], reason=f"spared: {figures[row.node]}, and {refused}")
        if row.node in figures
        else row
        for row in policy
    )


def _at_cache(graph: Graph, node: NodeProto) -> bool:
    """Caches cross the border in FP16, and no cast may stand between one and the nodes that use it."""
    makers = [graph.producers.get(name) for name in node.input]
    return "TensorScatter" in (node.op_type, *(maker.op_type for maker in makers if maker is not None))

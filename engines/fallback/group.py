"""Nodes that are lowered or spared together."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from speechtrt.engines.fallback.rewrite import Rewrite
from speechtrt.engines.fallback.sensitivity import own_errors
from speechtrt.engines.graph import Graph
from speechtrt.engines.policy import heavy_nodes, weight_counts
from speechtrt.engines.scenario import Playlist
from speechtrt.fallback import GroupError


@dataclass(frozen=True, slots=True)
class Group:
    """Names of the full graph's nodes, the weights they hold, and the largest of their own errors.

    `place` counts groups in the order of the graph; `effect` is what lowering this group alone does to the stage's
    outputs, None where that was not measured.
    """

    nodes: tuple[str, ...]
    weights: int
    error: float
    place: int = 0
    effect: float | None = None

    def as_record(self) -> GroupError:
        """For `engine.json`, where infinity is None."""
        return GroupError(self.nodes, self.weights, _finite(self.error), effect=_finite(self.effect))

    def describe(self) -> str:
        """Both figures, as half a sentence."""
        own = f"its own error is {self.error:.2g}"
        return own if self.effect is None else f"{own}, the stage's with it alone {self.effect:.2g}"


def rank_groups(full: Graph, lowered: Graph, bundles: Sequence[Sequence[Rewrite]], inputs: Playlist) -> list[Group]:
    """The groups that `bundles` of rewrites form, with the largest own error first."""
    flat = [rewrite for bundle in bundles for rewrite in bundle]
    errors = iter(own_errors(full, lowered, flat, inputs))
    weights = weight_counts(full)
    groups = [_group(weights, place, bundle, [next(errors) for _ in bundle]) for place, bundle in enumerate(bundles)]
    return sorted(groups, key=lambda group: -group.error)


def by_activation(rewrites: Iterable[Rewrite]) -> list[list[Rewrite]]:
    """Products that read the same tensor share its integers, so they belong together."""
    bundles: dict[tuple[str, ...], list[Rewrite]] = {}
    for rewrite in rewrites:
        bundles.setdefault(rewrite.sources, []).append(rewrite)
    return list(bundles.values())


def by_product(full: Graph, rewrites: Iterable[Rewrite]) -> list[list[Rewrite]]:
    """Each heavy node with what follows up to the next: casts then stand only where a group begins."""
    heavy = {node.name for node in heavy_nodes(full)}
    bundles: list[list[Rewrite]] = [[]]
    for rewrite in rewrites:
        if heavy.intersection(rewrite.replaced) and bundles[-1]:
            bundles.append([])
        bundles[-1].append(rewrite)
    return [bundle for bundle in bundles if bundle]


def _finite(value: float | None) -> float | None:
    return value if value is not None and value < float("inf") else None


def _group(weights: Mapping[str, int], place: int, bundle: Sequence[Rewrite], errors: Sequence[float]) -> Group:
    nodes = dict.fromkeys(name for rewrite in bundle for name in rewrite.replaced)
    return Group(tuple(nodes), sum(weights.get(name, 0) for name in nodes), max(errors), place)

"""A graph of which only some parts are lowered."""

from collections.abc import Iterable

from onnx import NodeProto

from speechtrt.engines.fallback.rewrite import Rewrite
from speechtrt.engines.graph import Graph


def splice(full: Graph, lowered: Graph, rewrites: Iterable[Rewrite]) -> Graph:
    """`full` with these rewrites of `lowered`; every other tensor is computed as it was.

    Tensors that both graphs share must have one element type in both.
    """
    mixed = full.copy()
    by_result = {rewrite.result: rewrite for rewrite in rewrites}
    nodes: list[NodeProto] = []
    seen: set[str] = set()
    for node in mixed.nodes:
        swaps = [by_result[name] for name in node.output if name in by_result]
        if not swaps:
            nodes.append(node)
        for swap in swaps:
            nodes += [n for n in swap.nodes if n.name not in seen]
            seen.update(n.name for n in swap.nodes)
    adopt(mixed, lowered, nodes)
    mixed.replace_nodes(nodes)
    return mixed


def adopt(target: Graph, source: Graph, nodes: Iterable[NodeProto]) -> None:
    """Give `target` the constants and operator sets of `source` that `nodes` need."""
    for entry in source.model.opset_import:
        target.import_domain(entry.domain, entry.version)
    wanted = {name for node in nodes for name in node.input if name not in target.initializers}
    for name in sorted(wanted & source.initializers.keys()):
        target.model.graph.initializer.append(source.initializers[name])
        target.initializers[name] = source.initializers[name]

"""Where a lowered graph computes a tensor in another way than the graph it was made from.

Both graphs share the names of the tensors that survived. Whatever a quantiser puts between two such tensors is one
rewrite, so that parts of the two graphs can be mixed and compared without knowing how the quantiser works.
"""

from dataclasses import dataclass

from onnx import NodeProto, TensorProto

from speechtrt.engines.graph import Graph


@dataclass(frozen=True, slots=True)
class Rewrite:
    """One tensor that both graphs compute, by different nodes or in different element types.

    `result` is its name and `sources` are the shared tensors it is computed from; `nodes` compute it in the lowered
    graph, and `replaced` are the names of the nodes that did in the full one.
    """

    result: str
    sources: tuple[str, ...]
    nodes: tuple[NodeProto, ...]
    replaced: tuple[str, ...]


def find_rewrites(full: Graph, lowered: Graph) -> tuple[Rewrite, ...]:
    """Every rewrite, in the order of the full graph."""
    shared = {name for name in full.producers if name in lowered.producers} | set(full.input_names)
    changed = (name for node in full.nodes for name in node.output if name in shared and _differs(full, lowered, name))
    return tuple(_rewrite(full, lowered, name, shared) for name in changed)


def _differs(full: Graph, lowered: Graph, name: str) -> bool:
    kinds = {full.element(name), lowered.element(name)} - {TensorProto.UNDEFINED}
    nodes = {graph.producers[name].SerializeToString() for graph in (full, lowered)}
    return len(kinds) > 1 or len(nodes) > 1


def _rewrite(full: Graph, lowered: Graph, result: str, shared: set[str]) -> Rewrite:
    nodes, sources = _cone(lowered, result, shared)
    replaced, _ = _cone(full, result, shared)
    return Rewrite(result, tuple(sources), tuple(nodes), tuple(node.name for node in replaced))


def _cone(graph: Graph, result: str, shared: set[str]) -> tuple[list[NodeProto], list[str]]:
    """The nodes behind `result` in topological order, and the shared tensors and inputs where they begin."""
    found: dict[str, NodeProto] = {}
    sources: dict[str, None] = {}
    queue = [graph.producers[result]]
    while queue:
        node = queue.pop()
        if node.name in found:
            continue
        found[node.name] = node
        for name in node.input:
            if name in shared:
                sources[name] = None
            elif name in graph.producers:
                queue.append(graph.producers[name])
    return [node for node in graph.nodes if node.name in found], list(sources)

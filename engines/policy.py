"""Which operators are heavy enough for their precision to matter, and what was decided for each."""

from onnx import NodeProto

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Graph
from speechtrt.precision import Precision

HEAVY = frozenset({"MatMul", "Gemm", "Conv", "ConvTranspose", "Attention", "GroupQueryAttention"})


def heavy_nodes(graph: Graph) -> list[NodeProto]:
    """Nodes that do most of a stage's arithmetic."""
    return [node for node in graph.nodes if node.op_type in HEAVY]


def weight_counts(graph: Graph) -> dict[str, int]:
    """How many values the constant factor of each heavy node has; nodes without one are left out."""
    factors = {node.name: graph.constant(node.input[1]) for node in heavy_nodes(graph) if len(node.input) > 1}
    return {name: value.size for name, value in factors.items() if value is not None}


def uniform_policy(graph: Graph, precision: Precision, reason: str) -> tuple[NodePolicy, ...]:
    """Every heavy node in one precision."""
    return tuple(NodePolicy(n.name, n.op_type, precision, reason) for n in heavy_nodes(graph))


def merge_policies(base: tuple[NodePolicy, ...], overrides: list[NodePolicy]) -> tuple[NodePolicy, ...]:
    """`base` with the rows of `overrides` in place of, or after, its own."""
    by_name = {row.node: row for row in overrides}
    merged = [by_name.pop(row.node, row) for row in base]
    return (*merged, *by_name.values())

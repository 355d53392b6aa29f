"""What an engine file tells of its precision without a GPU: it holds products' weights as they are, and names nodes."""

from collections.abc import Iterable, Iterator

import numpy as np
from onnx import NodeProto

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.errors import PrecisionError
from speechtrt.precision import Precision

NEEDLE = 256  # bytes: no other numbers begin like this
LEAST_VARIED = 32  # different bytes in a needle; zeros lie everywhere
MOST_NODES = 16  # the largest ones; what a builder does to them it does to all


def check_plan(label: str, plan: bytes, graph: Graph, policy: Iterable[NodePolicy]) -> None:
    """Raises PrecisionError when the weight of a lowered node of `graph` lies in `plan` in a wider type."""
    nodes = {node.name: node for node in graph.nodes if len(node.input) > 1}
    rows = [row for row in policy if row.precision is not Precision.FP32 and row.node in nodes]
    for row in sorted(rows, key=lambda row: -_size(graph, nodes[row.node]))[:MOST_NODES]:
        for wide in _widened(graph, nodes[row.node]):
            needle = wide.tobytes()[:NEEDLE]
            if len(needle) == NEEDLE and len(set(needle)) >= LEAST_VARIED and needle in plan:
                raise PrecisionError(
                    f"{label} keeps the weight of {row.node} as {wide.dtype}, its policy says {row.precision}; "
                    "the engine would be neither smaller nor faster"
                )


def check_layers(label: str, plan: bytes, graph: Graph, policy: Iterable[NodePolicy]) -> None:
    """Raises PrecisionError when `plan` does not name a quantised node of `graph`, or what unpacks its weight.

    An engine that was built ahead of time lists the nodes that it was made of.
    """
    nodes = {node.name: node for node in graph.nodes}
    for row in policy:
        maker = graph.producers.get(nodes[row.node].input[1]) if row.precision.quantized else None
        for name in (row.node, maker.name) if maker is not None else ():
            if f"[ONNX Layer: {name}]".encode() not in plan:
                raise PrecisionError(
                    f"{label} built an engine without {name}, and {row.node} is {row.precision} by its policy; "
                    "the engine would not compute what was asked"
                )


def _widened(graph: Graph, node: NodeProto) -> Iterator[Array]:
    """The beginning of a node's weight as a builder that ignores its type would hold it."""
    maker = graph.producers.get(node.input[1])
    if maker is None:
        value = graph.constant(node.input[1])
        if value is not None and value.dtype == np.float16:
            yield value.reshape(-1)[:NEEDLE].astype(np.float32)
    elif maker.op_type == "DequantizeLinear" and not attribute(maker, "block_size", 0):
        full = _dequantised(graph, maker)
        yield from (full.astype(kind) for kind in (np.float16, np.float32))


def _dequantised(graph: Graph, node: NodeProto) -> Array:
    numbers, scales = (graph.constant(name) for name in node.input[:2])
    assert numbers is not None and scales is not None, "quantised weights are constants"
    axis = attribute(node, "axis", 1)
    spread = np.expand_dims(scales, tuple(i for i in range(numbers.ndim) if i != axis)) if scales.ndim else scales
    return np.asarray(numbers.astype(np.float32) * spread.astype(np.float32)).reshape(-1)[:NEEDLE]


def _size(graph: Graph, node: NodeProto) -> int:
    """How many numbers the weight has; 0 for a node without one."""
    maker = graph.producers.get(node.input[1])
    value = graph.constant(node.input[1] if maker is None else maker.input[0])
    return 0 if value is None else value.size

"""Does a graph compute in the precision that its policy names? What asked for it may have had no effect."""

from collections.abc import Iterable

from onnx import NodeProto, TensorProto

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Graph, attribute
from speechtrt.errors import PrecisionError
from speechtrt.precision import Precision

KERNELS = ("", "_s8", "_packed")  # what quantisers append to the name of a node that they replace
FLOATS: dict[int, Precision] = {TensorProto.FLOAT: Precision.FP32, TensorProto.FLOAT16: Precision.FP16}
BOTH: dict[int, Precision] = {TensorProto.INT8: Precision.INT8, TensorProto.FLOAT8E4M3FN: Precision.FP8}
WEIGHTS_ONLY: dict[int, Precision] = {TensorProto.INT4: Precision.INT4}


def check_fulfilled(graph: Graph, policy: Iterable[NodePolicy]) -> None:
    """Raises PrecisionError for the first node of `policy` that `graph` computes in another precision."""
    nodes = {node.name: node for node in graph.nodes}
    for row in policy:
        node = next((nodes[row.node + end] for end in KERNELS if row.node + end in nodes), None)
        if node is None:
            raise PrecisionError(f"node {row.node} is {row.precision} by its policy, but the lowered graph lacks it")
        found = computed_in(graph, node)
        if found is not row.precision:
            raise PrecisionError(
                f"node {row.node} is {row.precision} by its policy, but the lowered graph computes it in {found}; "
                "the lowering had no effect"
            )


def computed_in(graph: Graph, node: NodeProto) -> Precision | None:
    """The precision of a node by its operator, by what its factors were dequantised from, or by its first float."""
    if node.op_type == "MatMulIntegerToFloat":
        return Precision.INT8
    if node.op_type == "MatMulNBits":
        return Precision.INT4 if attribute(node, "bits", 4) == 4 else Precision.INT8_WEIGHTS
    factors = [_stored(graph, name) for name in node.input[:2]]
    weight = factors[-1]
    if weight in WEIGHTS_ONLY:
        return WEIGHTS_ONLY[weight]
    if weight in BOTH and len(factors) == 2 and factors[0] is not None:
        return BOTH[weight]
    kinds = (graph.element(name) for name in (*node.input, *node.output))
    return next((FLOATS[kind] for kind in kinds if kind in FLOATS), None)


def _stored(graph: Graph, name: str) -> int | None:
    """Element type of what a tensor is dequantised from; None for one that is not.

    Zero points tell where inference has not been.
    """
    maker = graph.producers.get(name)
    if maker is None or maker.op_type != "DequantizeLinear":
        return None
    return graph.element(maker.input[0]) or graph.element(maker.input[-1])

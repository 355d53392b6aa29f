"""Do the integer kernels compute what the integers say?

On CPUs without VNNI, u8 * s8 products are added in pairs in 16 bits, so large signed weights silently clip. The first
check looks at the weights and holds for every CPU; the second runs this CPU's kernels against exact arithmetic.
"""

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.gate.comparison import measure_drift
from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.session import Feeds, onnxruntime, open_session, session_options

INTEGER_OPS = frozenset({"MatMulInteger", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"})
PAIR_LIMIT = 128  # |w0| + |w1| up to here keeps 255 * (w0 + w1) within 16 bits


def weights_that_clip(graph: Graph) -> list[str]:
    """Nodes whose signed weights overflow a 16-bit pair sum for some activation."""
    return [n.name for n in graph.nodes if n.op_type in INTEGER_OPS and _clips(graph.constant(n.input[1]))]


def kernel_error(graph: Graph, feeds: Feeds) -> float:
    """Relative L2 distance, worst output, between this CPU's kernels and the same integers multiplied exactly."""
    names = [n for n in graph.output_names if graph.element(n) == TensorProto.FLOAT]
    exact = exact_arithmetic(graph)
    options = session_options()
    options.graph_optimization_level = onnxruntime().GraphOptimizationLevel.ORT_DISABLE_ALL
    fast = open_session(graph.to_bytes()).run(names, feeds)
    slow = open_session(exact.to_bytes(), options).run(names, feeds)
    return max(measure_drift([b], [a]).relative_l2 for a, b in zip(fast, slow, strict=True))


def exact_arithmetic(graph: Graph) -> Graph:
    """Every MatMulInteger as a float64 product of the same integers."""
    exact = graph.copy()
    nodes: list[NodeProto] = []
    for node in exact.nodes:
        nodes += _exact(node) if node.op_type == "MatMulInteger" else [node]
    exact.replace_nodes(nodes)
    return exact


def _exact(node: NodeProto) -> list[NodeProto]:
    a, b, a_zero, b_zero = (*node.input, "", "")[:4]
    name = node.name
    nodes, factors = [], []
    for side, tensor, zero in (("a", a, a_zero), ("b", b, b_zero)):
        factor = f"{name}_exact_{side}"
        nodes.append(_cast(tensor, factor))
        if zero:
            nodes += [
                _cast(zero, f"{factor}_zero"),
                helper.make_node("Sub", [factor, f"{factor}_zero"], [f"{factor}_centred"], name=f"{factor}_centred"),
            ]
            factor = f"{factor}_centred"
        factors.append(factor)
    product = f"{name}_exact"
    return [
        *nodes,
        helper.make_node("MatMul", factors, [product], name=product),
        helper.make_node("Cast", [product], [node.output[0]], name=f"{product}_rounded", to=TensorProto.INT32),
    ]


def _cast(source: str, target: str) -> NodeProto:
    return helper.make_node("Cast", [source], [target], name=target, to=TensorProto.DOUBLE)


def _clips(weight: Array | None) -> bool:
    if weight is None or weight.dtype != np.int8:
        return False
    size = np.abs(weight.astype(np.int32))
    pairs = size[0:-1:2] + size[1::2][: size[0:-1:2].shape[0]]
    return bool((pairs > PAIR_LIMIT).any())

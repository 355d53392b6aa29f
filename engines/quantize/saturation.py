"""Do the integer kernels compute what the integers say?

On CPUs without VNNI, u8 * s8 products are added in pairs in 16 bits, so large signed weights silently clip. The first
check looks at the weights and holds for every CPU; the second runs this CPU's kernels against exact arithmetic.
"""

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.gate.comparison import measure_drift
from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.session import Feeds, onnxruntime, open_session, session_options

PRODUCT = "MatMulIntegerToFloat"
PAIR_LIMIT = 128  # |w0| + |w1| up to here keeps 255 * (w0 + w1) within 16 bits


def weights_that_clip(graph: Graph) -> list[str]:
    """Nodes whose signed weights overflow a 16-bit pair sum for some activation."""
    products = [n.name for n in graph.nodes if n.op_type == PRODUCT and _pairs_clip(graph.constant(n.input[1]))]
    convolutions = [n.name for n in graph.nodes if n.op_type == "Conv" and _largest_clip(_integers(graph, n.input[1]))]
    return products + convolutions


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
    """Every integer product in float64; Quantize and Dequantize pairs are exact when nothing fuses them."""
    exact = graph.copy()
    nodes: list[NodeProto] = []
    for node in exact.nodes:
        nodes += _exact(node) if node.op_type == PRODUCT else [node]
    exact.replace_nodes(nodes)
    return exact


def _exact(node: NodeProto) -> list[NodeProto]:
    """sum((a - zero) * (b - zero)) has a float64 that is exact; scales and bias follow as in the kernel."""
    a, b, a_scale, b_scale, a_zero, b_zero = node.input[:6]
    name = f"{node.name}_exact"
    factors = [_centred(f"{name}_a", a, a_zero), _centred(f"{name}_b", b, b_zero)]
    nodes = [step for factor in factors for step in factor]
    total = f"{name}_scaled" if len(node.input) > 6 else node.output[0]
    nodes += [
        helper.make_node("MatMul", [factor[-1].output[0] for factor in factors], [name], name=name),
        helper.make_node("Cast", [name], [f"{name}_sum"], name=f"{name}_sum", to=TensorProto.FLOAT),
        helper.make_node("Mul", [a_scale, b_scale], [f"{name}_scale"], name=f"{name}_scale"),
        helper.make_node("Mul", [f"{name}_sum", f"{name}_scale"], [total], name=f"{name}_scaled"),
    ]
    if len(node.input) > 6:
        nodes.append(helper.make_node("Add", [total, node.input[6]], [node.output[0]], name=f"{name}_biased"))
    return nodes


def _centred(name: str, tensor: str, zero: str) -> list[NodeProto]:
    """`tensor` - `zero` in float64, the last node's result."""
    return [
        helper.make_node("Cast", [tensor], [f"{name}_raw"], name=f"{name}_raw", to=TensorProto.DOUBLE),
        helper.make_node("Cast", [zero], [f"{name}_zero"], name=f"{name}_zero", to=TensorProto.DOUBLE),
        helper.make_node("Sub", [f"{name}_raw", f"{name}_zero"], [name], name=name),
    ]


def _pairs_clip(weight: Array | None) -> bool:
    """Products add neighbours along the first axis."""
    if weight is None or weight.dtype != np.int8:
        return False
    size = np.abs(weight.astype(np.int32))
    pairs = size[0:-1:2] + size[1::2][: size[0:-1:2].shape[0]]
    return bool((pairs > PAIR_LIMIT).any())


def _largest_clip(weight: Array | None) -> bool:
    """Convolutions add neighbours in an order of their own, so any two weights of a channel count."""
    if weight is None or weight.dtype != np.int8:
        return False
    size = np.abs(weight.astype(np.int32)).reshape(weight.shape[0], -1)
    return bool((np.sort(size, axis=1)[:, -2:].sum(axis=1) > PAIR_LIMIT).any())


def _integers(graph: Graph, name: str) -> Array | None:
    """The integers behind a dequantised constant."""
    node = graph.producers.get(name)
    return graph.constant(node.input[0]) if node is not None and node.op_type == "DequantizeLinear" else None

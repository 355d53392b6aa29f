"""INT8 convolutions for ONNX Runtime on CPUs: calibrated u8 activations, s8 weights of 7 bits, both sides quantised.

ONNX Runtime fuses the pattern into one integer kernel only when input, weight, bias and output carry a pair. Weights
keep to 64, because kernels without VNNI add two u8 * s8 products in 16 bits in an order that is theirs to choose.
"""

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.engines.lowering.half import front_end
from speechtrt.engines.policy import merge_policies
from speechtrt.engines.quantize.activation import Activations
from speechtrt.engines.quantize.product import SMALLEST_SCALE
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.ranges import Measure, measure_ranges
from speechtrt.engines.quantize.vocoder import REASON as FIRST
from speechtrt.engines.quantize.vocoder import first_convolutions
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision

LARGEST = 64
SMALLEST_WEIGHT = 1024  # smaller kernels do too little to pay for two conversions
REASON = "constant weight, calibrated u8 activations, 7-bit s8 weights"


def quantize_convolutions(
    products: Quantized, canonical: Graph, inputs: Playlist, measure: Measure = measure_ranges
) -> Quantized:
    """`products` with its convolutions in INT8 as well, and the reason for each that is not."""
    graph = products.graph.copy()
    audio, first = frozenset(front_end(canonical)), first_convolutions(graph)
    rows = [_decide(graph, node, audio, first) for node in graph.nodes if node.op_type == "Conv"]
    chosen = {row.node for row in rows if row.precision is Precision.INT8}
    if not chosen:
        return Quantized(products.graph, merge_policies(products.policy, rows))
    pairs = {n: n for node in graph.nodes if node.name in chosen for n in node.input[:1]}
    pairs |= {_before(n): n for node in graph.nodes if node.name in chosen for n in node.output}
    ranges = measure(canonical, pairs.values(), inputs)
    rewrite = _Rewrite(graph, Activations(graph, {name: ranges[source] for name, source in pairs.items()}))
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += rewrite.nodes_for(node) if node.name in chosen else [node]
    graph.replace_nodes(nodes)
    return Quantized(graph, merge_policies(products.policy, rows))


def _decide(graph: Graph, node: NodeProto, audio: frozenset[str], first: frozenset[str]) -> NodePolicy:
    if node.name in audio:
        reason = "audio front end: its values span more than 8 bits"
    elif node.name in first:
        reason = FIRST
    else:
        reason = _why_not(graph, node)
    return NodePolicy(node.name, node.op_type, Precision.FP32 if reason else Precision.INT8, reason or REASON)


def _why_not(graph: Graph, node: NodeProto) -> str:
    weight = graph.constant(node.input[1])
    if weight is None or (len(node.input) > 2 and graph.constant(node.input[2]) is None):
        return "weight or bias is computed"
    if attribute(node, "group", 1) != 1:
        return "grouped convolution: few products for each value read"
    if weight.size < SMALLEST_WEIGHT:
        return f"weight has {weight.size} values only"
    return ""


def _before(result: str) -> str:
    """A convolution's own result; the pair behind it hands on `result`."""
    return f"{result}_before"


class _Rewrite:
    def __init__(self, graph: Graph, activations: Activations) -> None:
        self._graph = graph
        self._activations = activations

    def nodes_for(self, node: NodeProto) -> list[NodeProto]:
        """Pairs before the activations and behind the result, dequantised weight and bias, and the node itself."""
        source, result = node.input[0], node.output[0]
        back, before = f"{source}_u8_back", _before(result)
        weight, scale = self._weight(node)
        quantized = NodeProto()
        quantized.CopyFrom(node)
        quantized.input[0], quantized.input[1] = back, f"{node.name}_weight_back"
        quantized.output[0] = before
        nodes = [*self._pair(source, back), weight]
        if len(node.input) > 2:
            nodes.append(self._bias(node, scale * np.float32(self._activations.scale(source))))
            quantized.input[2] = f"{node.name}_bias_back"
        return [*nodes, quantized, *self._activations.quantize(before), *self._activations.restore(before, result)]

    def _pair(self, source: str, back: str) -> list[NodeProto]:
        return [*self._activations.quantize(source), *self._activations.restore(source, back)]

    def _weight(self, node: NodeProto) -> tuple[NodeProto, Array]:
        value = self._graph.constant(node.input[1])
        assert value is not None
        size = np.abs(value).max(axis=tuple(range(1, value.ndim)))
        scale = np.maximum(size / LARGEST, SMALLEST_SCALE).astype(np.float32)
        integers = np.round(value / scale.reshape(-1, *[1] * (value.ndim - 1))).astype(np.int8)
        return self._constant(f"{node.name}_weight", integers, scale), scale

    def _bias(self, node: NodeProto, scale: Array) -> NodeProto:
        value = self._graph.constant(node.input[2])
        assert value is not None
        limit = np.iinfo(np.int32).max // 2
        integers = np.clip(np.round(value / scale), -limit, limit).astype(np.int32)
        return self._constant(f"{node.name}_bias", integers, scale)

    def _constant(self, name: str, integers: Array, scale: Array) -> NodeProto:
        inputs = [
            self._graph.add_initializer(f"{name}_integers", integers),
            self._graph.add_initializer(f"{name}_scale", scale),
            self._graph.add_initializer(f"{name}_zero", np.zeros(scale.shape, integers.dtype)),
        ]
        return helper.make_node("DequantizeLinear", inputs, [f"{name}_back"], name=f"{name}_back", axis=0)

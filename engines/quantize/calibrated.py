"""INT8 for TensorRT: symmetric S8 Quantize/Dequantize pairs around products, scales from recorded activations.

One scale per activation tensor, one per output channel of a weight. Add, LayerNorm, Softmax and ConvTranspose are
never quantised, nor is what an FP16 graph keeps in FP32.
"""

import numpy as np
from onnx import NodeProto, helper
from onnx.helper import tensor_dtype_to_np_dtype

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.engines.lowering.half import reasons_for_full
from speechtrt.engines.policy import heavy_nodes
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.ranges import measure_ranges
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision

LARGEST = 127
SMALLEST_WEIGHT = 256  # below this many values there is nothing to save
SMALLEST_SCALE = 6.2e-5  # FP16 holds fewer bits below


def quantize_calibrated(lowered: Graph, canonical: Graph, inputs: Playlist) -> Quantized:
    """Quantise `lowered`, whose nodes carry the names they have in `canonical`."""
    graph = lowered.copy()
    full = reasons_for_full(canonical)
    sources = {node.name: node.input[0] for node in canonical.nodes if node.input}
    policy = tuple(_decide(graph, node, full) for node in heavy_nodes(graph))
    chosen = {row.node for row in policy if row.precision is Precision.INT8}
    ranges = measure_ranges(canonical, (sources[name] for name in sorted(chosen)), inputs)
    rewrite = _Rewrite(graph, {name: ranges[sources[name]].largest for name in chosen})
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += rewrite.nodes_for(node) if node.name in chosen else [node]
    graph.replace_nodes(nodes)
    return Quantized(graph, policy)


def _decide(graph: Graph, node: NodeProto, full: dict[str, str]) -> NodePolicy:
    if node.name in full:
        return NodePolicy(node.name, node.op_type, Precision.FP32, full[node.name])
    reason = _why_not(graph, node)
    if reason:
        return NodePolicy(node.name, node.op_type, Precision.FP16, reason)
    return NodePolicy(node.name, node.op_type, Precision.INT8, "constant weight, calibrated s8 activations, s8 weights")


def _why_not(graph: Graph, node: NodeProto) -> str:
    if node.op_type not in ("MatMul", "Gemm", "Conv"):
        return f"{node.op_type} is never quantised"
    weight = graph.constant(node.input[1])
    if weight is None:
        return "both factors are activations"
    if node.op_type != "Conv" and weight.ndim != 2:
        return f"weight has {weight.ndim} dimensions"
    if weight.size < SMALLEST_WEIGHT:
        return f"weight has {weight.size} values only"
    if node.op_type == "Conv" and attribute(node, "group", 1) != 1:
        return "grouped convolution: few products for each value read"
    return ""


class _Rewrite:
    def __init__(self, graph: Graph, largest: dict[str, float]) -> None:
        self._graph = graph
        self._largest = largest
        self._zero = graph.add_initializer("s8_zero", np.array(0, np.int8))
        self._seen: set[str] = set()

    def nodes_for(self, node: NodeProto) -> list[NodeProto]:
        """The pair before the activations, the dequantised weight, and the node that reads both."""
        kind = tensor_dtype_to_np_dtype(self._graph.element(node.input[1]))
        nodes = [*self._activation(node, kind), self._weight(node, kind)]
        quantized = NodeProto()
        quantized.CopyFrom(node)
        quantized.input[0], quantized.input[1] = f"{node.input[0]}_s8_back", f"{node.name}_weight_back"
        return [*nodes, quantized]

    def _activation(self, node: NodeProto, kind: np.dtype) -> list[NodeProto]:
        source = node.input[0]
        if source in self._seen:
            return []
        self._seen.add(source)
        value = max(self._largest[node.name] / LARGEST, SMALLEST_SCALE)
        scale = self._graph.add_initializer(f"{source}_s8_scale", np.array(value, kind))
        s8, back = f"{source}_s8", f"{source}_s8_back"
        return [
            helper.make_node("QuantizeLinear", [source, scale, self._zero], [s8], name=s8),
            helper.make_node("DequantizeLinear", [s8, scale, self._zero], [back], name=back),
        ]

    def _weight(self, node: NodeProto, kind: np.dtype) -> NodeProto:
        value = self._graph.constant(node.input[1])
        assert value is not None
        axis = 0 if node.op_type == "Conv" or attribute(node, "transB", 0) else 1
        integers, scale = quantize_channels(value.astype(np.float32), axis)
        name = f"{node.name}_weight"
        inputs = [
            self._graph.add_initializer(f"{name}_s8", integers),
            self._graph.add_initializer(f"{name}_scale", scale.astype(kind)),
            self._graph.add_initializer(f"{name}_zero", np.zeros(scale.shape, np.int8)),
        ]
        return helper.make_node("DequantizeLinear", inputs, [f"{name}_back"], name=f"{name}_back", axis=axis)


def quantize_channels(weight: Array, axis: int) -> tuple[Array, Array]:
    """S8 values of the weight's shape and a float32 scale for each index of `axis`."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others) / LARGEST, SMALLEST_SCALE).astype(np.float32)
    spread = np.expand_dims(scale, others)
    return np.clip(np.round(weight / spread), -LARGEST, LARGEST).astype(np.int8), scale

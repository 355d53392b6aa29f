"""INT8 for TensorRT: symmetric S8 Quantize/Dequantize pairs around products, scales from recorded activations.

One scale per activation tensor, one per output channel of a weight. Add, LayerNorm, Softmax and ConvTranspose are
never quantised, nor is what an FP16 graph keeps in FP32. Other number formats are written the same way, as experiments
for MatMul and Gemm.
"""

from typing import Any

import numpy as np
from onnx import NodeProto, helper
from onnx.helper import tensor_dtype_to_np_dtype

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Graph, attribute
from speechtrt.engines.lowering.half import reasons_for_full
from speechtrt.engines.policy import heavy_nodes
from speechtrt.engines.quantize.number_format import BLOCK, SMALLEST_SCALE, NumberFormat
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.ranges import Measure, measure_ranges
from speechtrt.engines.quantize.vocoder import REASON as FIRST
from speechtrt.engines.quantize.vocoder import first_convolutions
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision

SMALLEST_WEIGHT = 256  # below this many values there is nothing to save


def quantize_calibrated(
    lowered: Graph, canonical: Graph, inputs: Playlist, form: NumberFormat, measure: Measure = measure_ranges
) -> Quantized:
    """Quantise `lowered`, whose nodes carry the names they have in `canonical`."""
    graph = lowered.copy()
    full, kept = reasons_for_full(canonical), dict.fromkeys(first_convolutions(canonical), FIRST)
    sources = {node.name: node.input[0] for node in canonical.nodes if node.input}
    policy = tuple(_decide(graph, node, full, kept, form) for node in heavy_nodes(graph))
    chosen = {row.node for row in policy if row.precision is form.precision}
    measured = (sources[name] for name in sorted(chosen)) if form.activations else ()
    ranges = measure(canonical, measured, inputs)
    rewrite = _Rewrite(graph, {name: ranges[sources[name]].largest for name in chosen if form.activations}, form)
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += rewrite.nodes_for(node) if node.name in chosen else [node]
    graph.replace_nodes(nodes)
    return Quantized(graph, policy)


def _decide(
    graph: Graph, node: NodeProto, full: dict[str, str], kept: dict[str, str], form: NumberFormat
) -> NodePolicy:
    if node.name in full:
        return NodePolicy(node.name, node.op_type, Precision.FP32, full[node.name])
    reason = kept.get(node.name) or _why_not(graph, node, form)
    if reason:
        return NodePolicy(node.name, node.op_type, Precision.FP16, reason)
    return NodePolicy(node.name, node.op_type, form.precision, f"constant weight, {form.reason}")


def _why_not(graph: Graph, node: NodeProto, form: NumberFormat) -> str:
    kinds = ("MatMul", "Gemm", "Conv") if form.precision is Precision.INT8 else ("MatMul", "Gemm")
    if node.op_type not in kinds:
        return f"{node.op_type} is never quantised to {form.precision}"
    weight = graph.constant(node.input[1])
    if weight is None:
        return "both factors are activations"
    if node.op_type != "Conv" and weight.ndim != 2:
        return f"weight has {weight.ndim} dimensions"
    if weight.size < SMALLEST_WEIGHT:
        return f"weight has {weight.size} values only"
    if form.precision is Precision.INT4 and weight.shape[1 - _channels(node)] % BLOCK:
        return f"weight has {weight.shape[1 - _channels(node)]} rows, which are no blocks of {BLOCK}"
    if node.op_type == "Conv" and attribute(node, "group", 1) != 1:
        return "grouped convolution: few products for each value read"
    return ""


def _channels(node: NodeProto) -> int:
    """Axis of a weight's output channels."""
    return 0 if node.op_type == "Conv" or attribute(node, "transB", 0) else 1


class _Rewrite:
    def __init__(self, graph: Graph, largest: dict[str, float], form: NumberFormat) -> None:
        self._graph = graph
        self._largest = largest
        self._form = form
        self._zero = graph.add_initializer(f"{form.tag}_zero", np.zeros((), form.kind)) if form.activations else ""
        self._seen: set[str] = set()

    def nodes_for(self, node: NodeProto) -> list[NodeProto]:
        """The pair before the activations, the dequantised weight, and the node that reads both."""
        kind = tensor_dtype_to_np_dtype(self._graph.element(node.input[1]))
        quantized = NodeProto()
        quantized.CopyFrom(node)
        quantized.input[1] = f"{node.name}_weight_back"
        nodes = [self._weight(node, kind)]
        if self._form.activations:
            quantized.input[0] = f"{node.input[0]}_{self._form.tag}_back"
            nodes = [*self._activation(node, kind), *nodes]
        return [*nodes, quantized]

    def _activation(self, node: NodeProto, kind: np.dtype) -> list[NodeProto]:
        source = node.input[0]
        if source in self._seen:
            return []
        self._seen.add(source)
        value = max(self._largest[node.name] / self._form.largest, SMALLEST_SCALE)
        low, back = f"{source}_{self._form.tag}", f"{source}_{self._form.tag}_back"
        scale = self._graph.add_initializer(f"{low}_scale", np.array(value, kind))
        return [
            helper.make_node("QuantizeLinear", [source, scale, self._zero], [low], name=low),
            helper.make_node("DequantizeLinear", [low, scale, self._zero], [back], name=back),
        ]

    def _weight(self, node: NodeProto, kind: np.dtype) -> NodeProto:
        value = self._graph.constant(node.input[1])
        assert value is not None
        weight = self._form.weight(value.astype(np.float32), _channels(node))
        name = f"{node.name}_weight"
        inputs = [
            self._graph.add_initializer(f"{name}_{self._form.tag}", weight.numbers),
            self._graph.add_initializer(f"{name}_scale", weight.scales.astype(kind)),
            self._graph.add_initializer(f"{name}_zero", np.zeros(weight.scales.shape, self._form.kind)),
        ]
        extent = {"axis": weight.axis, "block_size": weight.block}
        given: dict[str, Any] = {key: size for key, size in extent.items() if size is not None}
        return helper.make_node("DequantizeLinear", inputs, [f"{name}_back"], name=f"{name}_back", **given)

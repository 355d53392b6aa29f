"""INT8 products for ONNX Runtime on CPUs: s8 weights and calibrated u8 activations, MatMul and Gemm only.

An activation's scale is a constant, so a row's result does not depend on the rows it shares a batch with. Kernels for
CPUs without VNNI add neighbouring u8 * s8 products in 16 bits. Weights are scaled so that no pair of them can overflow
there; this costs half a bit and runs on the fastest kernels of every x86 CPU.
"""

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import MICROSOFT, Array, Graph, attribute
from speechtrt.engines.lowering.half import front_end
from speechtrt.engines.policy import heavy_nodes
from speechtrt.engines.quantize.activation import Activations
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.ranges import Measure, measure_ranges
from speechtrt.engines.quantize.saturation import PAIR_LIMIT
from speechtrt.engines.scenario import Playlist
from speechtrt.precision import Precision

LARGEST = 127
SMALLEST_SCALE = 1e-30  # below, float32 division loses its precision
SMALLEST_WEIGHT = 256  # below this many values the conversion costs more than it saves
REASON = "constant weight, calibrated u8 activations, s8 weights"


def quantize_products(full: Graph, canonical: Graph, inputs: Playlist, measure: Measure = measure_ranges) -> Quantized:
    """Rewrite every MatMul and Gemm with a constant 2-D weight. `inputs` are played on the canonical graph."""
    graph = full.copy()
    audio = frozenset(front_end(graph))
    policy = tuple(_decide(graph, node, audio) for node in heavy_nodes(graph))
    chosen = {row.node for row in policy if row.precision is Precision.INT8}
    sources = [node.input[0] for node in graph.nodes if node.name in chosen]
    rewrite = _Rewrite(graph, Activations(graph, measure(canonical, sources, inputs)))
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += rewrite.nodes_for(node) if node.name in chosen else [node]
    graph.replace_nodes(node for node in nodes if node.name not in rewrite.absorbed)
    return Quantized(graph, policy)


def _decide(graph: Graph, node: NodeProto, audio: frozenset[str]) -> NodePolicy:
    reason = "audio front end: its values span more than 8 bits" if node.name in audio else why_not(graph, node)
    return NodePolicy(node.name, node.op_type, Precision.FP32 if reason else Precision.INT8, reason or REASON)


def why_not(graph: Graph, node: NodeProto) -> str:
    """What keeps a node from integer kernels; "" when nothing does."""
    if node.op_type not in ("MatMul", "Gemm"):
        return f"{node.op_type} is not quantised on this backend"
    weight = graph.constant(node.input[1])
    if weight is None:
        return "both factors are activations"
    if weight.ndim != 2:
        return f"weight has {weight.ndim} dimensions; the integer kernels take 2"
    if weight.size < SMALLEST_WEIGHT:
        return f"weight has {weight.size} values only"
    if node.op_type == "Gemm" and (attribute(node, "transA", 0) or attribute(node, "alpha", 1.0) != 1.0):
        return "Gemm transposes or scales its activations"
    if node.op_type == "Gemm" and attribute(node, "beta", 1.0) != 1.0:
        return "Gemm scales its bias"
    if node.op_type == "Gemm" and len(node.input) > 2 and graph.constant(node.input[2]) is None:
        return "Gemm computes its bias"
    return ""


class _Rewrite:
    """One kernel per product, which scales its integers and adds the bias; `absorbed` are the Add nodes it replaces."""

    def __init__(self, graph: Graph, activations: Activations) -> None:
        graph.import_domain(MICROSOFT, 1)
        self._graph = graph
        self._activations = activations
        self.absorbed: set[str] = set()

    def nodes_for(self, node: NodeProto) -> list[NodeProto]:
        source, name = node.input[0], node.name
        before = self._activations.quantize(source)
        u8 = self._activations.names(source)
        value = self._graph.constant(node.input[1])
        assert value is not None
        integers, scale, zero = quantize_columns(value.T if attribute(node, "transB", 0) else value)
        weight, weight_scale, weight_zero = (
            self._graph.add_initializer(f"{name}_weight_{part}", array)
            for part, array in (("s8", integers), ("scale", scale), ("zero", zero))
        )
        bias, result = self._bias(node, scale.size)
        inputs = [u8.integers, weight, u8.scale, weight_scale, u8.zero, weight_zero, *bias]
        product = helper.make_node("MatMulIntegerToFloat", inputs, [result], name=f"{name}_s8", domain=MICROSOFT)
        return [*before, product]

    def _bias(self, node: NodeProto, columns: int) -> tuple[list[str], str]:
        """Name of the bias if there is one, and of the tensor that holds the sum."""
        result = node.output[0]
        if node.op_type == "Gemm":
            return self._gemm_bias(node, columns), result
        readers = self._graph.consumers.get(result, [])
        if len(readers) != 1 or readers[0].op_type != "Add" or result in self._graph.output_names:
            return [], result
        addend = next((name for name in readers[0].input if name != result), result)
        value = self._graph.constant(addend)
        if value is None or value.shape != (columns,):
            return [], result
        self.absorbed.add(readers[0].name)
        return [addend], readers[0].output[0]

    def _gemm_bias(self, node: NodeProto, columns: int) -> list[str]:
        """Of one value for each column, as the kernel wants it."""
        if len(node.input) < 3:
            return []
        value = self._graph.constant(node.input[2])
        assert value is not None
        return [self._graph.add_initializer(f"{node.name}_bias", np.broadcast_to(value, (columns,)))]


def quantize_columns(matrix: Array) -> tuple[Array, Array, Array]:
    """S8 values [k, n] with a scale float32 [n] and zero points int8 [n]; |w[2i]| + |w[2i+1]| <= PAIR_LIMIT."""
    size = np.abs(matrix)
    even, odd = size[0::2], size[1::2]
    pairs = even.copy()
    pairs[: odd.shape[0]] += odd
    largest = np.maximum(size.max(axis=0) / LARGEST, pairs.max(axis=0) / (PAIR_LIMIT - 1))
    scale = np.maximum(largest, SMALLEST_SCALE).astype(np.float32)
    integers = np.clip(np.round(matrix / scale), -LARGEST, LARGEST).astype(np.int8)
    return integers, scale, np.zeros(scale.shape, np.int8)

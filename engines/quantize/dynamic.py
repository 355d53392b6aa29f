"""INT8 for ONNX Runtime on CPUs: weights rounded ahead of time, activations per call, MatMul and Gemm only.

Kernels for CPUs without VNNI add neighbouring u8 * s8 products in 16 bits. Scales are chosen so that no pair of
weights can overflow there; this costs half a bit and runs on the fastest kernels of every x86 CPU.
"""

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.engines.lowering.half import front_end
from speechtrt.engines.policy import heavy_nodes
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.saturation import PAIR_LIMIT
from speechtrt.precision import Precision

LARGEST = 127
SMALLEST_SCALE = 1e-30  # below, float32 division loses its precision
SMALLEST_WEIGHT = 256  # below this many values the conversion costs more than it saves


def quantize_dynamic(full: Graph) -> Quantized:
    """Rewrite every MatMul and Gemm with a constant 2-D weight."""
    graph = full.copy()
    audio = frozenset(front_end(graph))
    policy = tuple(_decide(graph, node, audio) for node in heavy_nodes(graph))
    chosen = {row.node for row in policy if row.precision is Precision.INT8}
    rewrite = _Rewrite(graph)
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += rewrite.nodes_for(node) if node.name in chosen else [node]
    graph.replace_nodes(nodes)
    return Quantized(graph, policy)


def _decide(graph: Graph, node: NodeProto, audio: frozenset[str]) -> NodePolicy:
    reason = "log-mel front end: power spectra span more than 8 bits" if node.name in audio else _why_not(graph, node)
    if reason:
        return NodePolicy(node.name, node.op_type, Precision.FP32, reason)
    return NodePolicy(node.name, node.op_type, Precision.INT8, "constant weight, dynamic u8 activations, s8 weights")


def _why_not(graph: Graph, node: NodeProto) -> str:
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
    return ""


class _Rewrite:
    """Emits the chain that ONNX Runtime fuses into one kernel; activations shared by several nodes are read once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._seen: set[str] = set()

    def nodes_for(self, node: NodeProto) -> list[NodeProto]:
        source, name = node.input[0], node.name
        integer = [f"{source}_u8", f"{source}_u8_scale", f"{source}_u8_zero"]
        nodes = []
        if source not in self._seen:
            self._seen.add(source)
            nodes.append(helper.make_node("DynamicQuantizeLinear", [source], integer, name=f"{source}_to_u8"))
        weight, scale, zero = self._weight(node)
        bias = node.input[2] if node.op_type == "Gemm" and len(node.input) > 2 else ""
        product = f"{name}_product" if bias else node.output[0]
        nodes += [
            _node("MatMulInteger", [integer[0], weight, integer[2], zero], f"{name}_integer"),
            _node("Cast", [f"{name}_integer"], f"{name}_float", to=TensorProto.FLOAT),
            _node("Mul", [integer[1], scale], f"{name}_scales"),
            helper.make_node("Mul", [f"{name}_float", f"{name}_scales"], [product], name=f"{name}_scaled"),
        ]
        if bias:
            nodes.append(helper.make_node("Add", [product, bias], [node.output[0]], name=f"{name}_biased"))
        return nodes

    def _weight(self, node: NodeProto) -> tuple[str, str, str]:
        value = self._graph.constant(node.input[1])
        assert value is not None
        matrix = value.T if attribute(node, "transB", 0) else value
        integers, scale, zero = quantize_columns(matrix)
        name = f"{node.name}_weight"
        return (
            self._graph.add_initializer(f"{name}_s8", integers),
            self._graph.add_initializer(f"{name}_scale", scale),
            self._graph.add_initializer(f"{name}_zero", zero),
        )


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


def _node(kind: str, inputs: list[str], name: str, **attributes: Any) -> NodeProto:
    return helper.make_node(kind, inputs, [name], name=name, **attributes)

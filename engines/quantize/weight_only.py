"""Experimental: fewer bits for weights alone, which ONNX Runtime on CPUs unpacks while it multiplies (MatMulNBits).

Activations are rounded by the kernel, row by row and block by block. Good where reading weights is the cost: one row.
"""

from dataclasses import dataclass

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import MICROSOFT, Array, Graph, attribute
from speechtrt.engines.lowering.half import front_end
from speechtrt.engines.policy import heavy_nodes
from speechtrt.engines.quantize.product import why_not
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.precision import Precision

BLOCK = 32  # weights that share a scale
INTEGER_KERNELS = 4  # the accuracy level whose kernels multiply integers; with any other, 8 bits are slower than FP32
BITS = {Precision.INT4: 4, Precision.INT8_WEIGHTS: 8}


@dataclass(frozen=True, slots=True)
class Packed:
    """Weights uint8 [columns, blocks, bytes] around half of their range, and a float32 scale for each block."""

    integers: Array
    scales: Array


def quantize_weights(full: Graph, precision: Precision) -> Quantized:
    """Rewrite every MatMul and Gemm with a constant 2-D weight."""
    graph = full.copy()
    audio = frozenset(front_end(graph))
    policy = tuple(_decide(graph, node, audio, precision) for node in heavy_nodes(graph))
    chosen = {row.node for row in policy if row.precision is precision}
    if chosen:
        graph.import_domain(MICROSOFT, 1)
    nodes: list[NodeProto] = []
    for node in graph.nodes:
        nodes += _rewritten(graph, node, BITS[precision]) if node.name in chosen else [node]
    graph.replace_nodes(nodes)
    return Quantized(graph, policy)


def _decide(graph: Graph, node: NodeProto, audio: frozenset[str], precision: Precision) -> NodePolicy:
    reason = "log-mel front end: power spectra span too much" if node.name in audio else why_not(graph, node)
    if reason:
        return NodePolicy(node.name, node.op_type, Precision.FP32, reason)
    return NodePolicy(node.name, node.op_type, precision, f"constant weight of {BITS[precision]} bits (experimental)")


def _rewritten(graph: Graph, node: NodeProto, bits: int) -> list[NodeProto]:
    weight = graph.constant(node.input[1])
    assert weight is not None
    matrix = weight.T if attribute(node, "transB", 0) else weight
    packed = pack_columns(matrix, bits)
    inputs = [
        node.input[0],
        graph.add_initializer(f"{node.name}_weight_packed", packed.integers),
        graph.add_initializer(f"{node.name}_weight_scales", packed.scales),
    ]
    bias = node.input[2] if node.op_type == "Gemm" and len(node.input) > 2 else ""
    product = f"{node.name}_product" if bias else node.output[0]
    nodes = [
        helper.make_node(
            "MatMulNBits",
            inputs,
            [product],
            name=f"{node.name}_packed",
            domain=MICROSOFT,
            K=matrix.shape[0],
            N=matrix.shape[1],
            bits=bits,
            block_size=BLOCK,
            accuracy_level=INTEGER_KERNELS,
        )
    ]
    if bias:
        nodes.append(helper.make_node("Add", [product, bias], [node.output[0]], name=f"{node.name}_biased"))
    return nodes


def pack_columns(matrix: Array, bits: int) -> Packed:
    """[k, n] in blocks of BLOCK along k, the last one padded with zeros; low halves of bytes come first."""
    k, n = matrix.shape
    blocks = -(-k // BLOCK)
    padded = np.zeros((n, blocks * BLOCK), np.float32)
    padded[:, :k] = matrix.T
    padded = padded.reshape(n, blocks, BLOCK)
    middle = 1 << (bits - 1)
    scales = np.maximum(np.abs(padded).max(axis=2) / (middle - 1), np.finfo(np.float32).tiny)
    integers = (np.round(padded / scales[:, :, None]) + middle).astype(np.uint8)
    if bits == 4:
        integers = integers[:, :, 0::2] | (integers[:, :, 1::2] << 4)
    return Packed(integers, scales.astype(np.float32).reshape(-1))

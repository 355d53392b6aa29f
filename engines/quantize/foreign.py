"""Graphs that another tool has quantised, nvidia-modelopt for one: an FP32 stage with S8 Quantize/Dequantize pairs."""

from pathlib import Path

import numpy as np
from onnx import NodeProto

from speechtrt.engine_set import NodePolicy, Profile
from speechtrt.engines.fulfilment import computed_in
from speechtrt.engines.graph import Array, Graph, attribute
from speechtrt.engines.lowering.half import convert_to_half, reasons_for_full
from speechtrt.engines.lowering.tensorrt import lower_for_tensorrt
from speechtrt.engines.policy import heavy_nodes
from speechtrt.errors import BuildError
from speechtrt.precision import Precision

PAIR = ("QuantizeLinear", "DequantizeLinear")


def read_foreign(path: Path, canonical: Graph) -> Graph:
    """The graph with its weights as integers. Raises BuildError for one that is not `canonical` with S8 pairs in it."""
    graph = Graph.load(path)
    if (found := _border(graph)) != (wanted := _border(canonical)):
        odd = min(found ^ wanted)
        raise BuildError(
            f"{path}: {odd[0]} is {'another' if odd in found else 'missing as'} {odd[1]} of {odd[2]} dimensions; "
            "expected the inputs and outputs of the bundle's stage, so quantise that file and keep its FP32"
        )
    pairs = [node for node in graph.nodes if node.op_type in PAIR]
    if not pairs:
        raise BuildError(f"{path}: holds no QuantizeLinear and DequantizeLinear; quantise the stage to INT8 first")
    for node in pairs:
        _check_symmetric(path, graph, node)
    _release_outputs(graph)
    return _with_integers(graph)


def lower_foreign(foreign: Graph, canonical: Graph, profiles: tuple[Profile, ...]) -> Graph:
    """FP16 where `canonical` would be lowered to it, so that both can be mixed node by node."""
    full = set(reasons_for_full(canonical))
    for node in reversed(foreign.nodes):
        if node.op_type in PAIR and all(reader.name in full for reader in foreign.consumers[node.output[0]]):
            full.add(node.name)
    return convert_to_half(lower_for_tensorrt(foreign, profiles, Precision.FP32), full)


def foreign_policy(graph: Graph, file: str) -> tuple[NodePolicy, ...]:
    """What `graph`, lowered from the one in `file`, does in each precision."""
    found = ((node, computed_in(graph, node) or Precision.FP16) for node in heavy_nodes(graph))
    return tuple(
        NodePolicy(
            node.name, node.op_type, precision, f"{'quantised' if precision.quantized else 'not quantised'} in {file}"
        )
        for node, precision in found
    )


def _border(graph: Graph) -> set[tuple[str, str, int]]:
    return {(tensor.name, tensor.dtype.value, len(tensor.shape)) for tensors in graph.specs() for tensor in tensors}


def _check_symmetric(path: Path, graph: Graph, node: NodeProto) -> None:
    """Without a zero point, integers are u8."""
    zero = graph.constant(node.input[2]) if len(node.input) > 2 else None
    if zero is None or zero.dtype != np.int8 or zero.any():
        kind = (
            "no constant zero point" if zero is None else f"{zero.dtype} zero points from {zero.min()} to {zero.max()}"
        )
        raise BuildError(
            f"{path}: {node.name} has {kind}, expected int8 zeros; quantise symmetrically to signed integers"
        )


def _release_outputs(graph: Graph) -> None:
    """A result is handed out as it was before its pair: states are not rounded at every step.

    TensorRT wants a cache to leave the graph right where it was written, too.
    """
    for name in graph.output_names:
        back = graph.producers[name]
        low = graph.producers.get(back.input[0]) if back.op_type == PAIR[1] else None
        if low is not None and low.input[0] in graph.producers:
            _rename(graph, name, f"{name}_back")
            _rename(graph, low.input[0], name)
            graph.refresh()


def _rename(graph: Graph, old: str, new: str) -> None:
    for node in graph.nodes:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]


def _with_integers(graph: Graph) -> Graph:
    """Weights are stored as what a DequantizeLinear reads, so that neither a cast nor a builder meets them in FP32."""
    kept: list[NodeProto] = []
    for node in graph.nodes:
        value = graph.constant(node.input[0]) if node.op_type == "QuantizeLinear" else None
        if value is None:
            kept.append(node)
        else:
            graph.add_initializer(node.output[0], _quantised(graph, node, value))
            graph.types.pop(node.output[0], None)
    graph.replace_nodes(kept)
    return graph


def _quantised(graph: Graph, node: NodeProto, value: Array) -> Array:
    scale = graph.constant(node.input[1])
    assert scale is not None, "scales of constants are constants"
    axis = attribute(node, "axis", 1)
    assert isinstance(axis, int)
    spread = (
        scale if scale.ndim == 0 else np.expand_dims(scale, [i for i in range(value.ndim) if i != axis % value.ndim])
    )
    return np.asarray(np.clip(np.round(value / spread), -128, 127), np.int8)

"""Canonical graph -> TensorRT: frozen cache length, and FP16 where the precision asks for it."""

from onnx import TensorProto

from speechtrt.engine_set import NodePolicy, Profile
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.freeze import freeze
from speechtrt.engines.lowering.half import convert_to_half, reasons_for_full
from speechtrt.engines.lowering.opset import modernised
from speechtrt.precision import Precision


def lower_for_tensorrt(canonical: Graph, profiles: tuple[Profile, ...], precision: Precision) -> Graph:
    """INT8 starts from the FP16 graph: what is not quantised runs in FP16."""
    frozen = freeze(canonical, {p.dim: p.min for p in profiles if p.min == p.max})
    if precision is Precision.FP32:
        return frozen
    return convert_to_half(modernised(frozen) if precision.quantized else frozen, reasons_for_full(frozen))


def kept_full(canonical: Graph) -> list[NodePolicy]:
    """Nodes that compute in FP32 in an FP16 graph, each with the reason."""
    reasons = reasons_for_full(canonical)
    full = (n for n in canonical.nodes if n.name in reasons and canonical.element(n.output[0]) == TensorProto.FLOAT)
    return [NodePolicy(n.name, n.op_type, Precision.FP32, reasons[n.name]) for n in full]

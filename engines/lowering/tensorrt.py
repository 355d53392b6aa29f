"""Canonical graph -> TensorRT: frozen cache length, and FP16 where the precision asks for it."""

from speechtrt.engine_set import NodePolicy, Profile
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.freeze import freeze
from speechtrt.engines.lowering.half import FULL_OPS, convert_to_half, front_end
from speechtrt.precision import Precision

FRONT_END_REASON = "log-mel front end: power spectra leave the range of FP16"


def lower_for_tensorrt(canonical: Graph, profiles: tuple[Profile, ...], precision: Precision) -> Graph:
    """INT8 starts from the FP16 graph: what is not quantised runs in FP16."""
    frozen = freeze(canonical, {p.dim: p.min for p in profiles if p.min == p.max})
    return frozen if precision is Precision.FP32 else convert_to_half(frozen, front_end(frozen))


def kept_full(canonical: Graph) -> list[NodePolicy]:
    """Nodes that stay FP32 in an FP16 graph, each with the reason."""
    reasons = dict.fromkeys(front_end(canonical), FRONT_END_REASON)
    reasons |= {n.name: f"{n.op_type} needs more than 11 bits" for n in canonical.nodes if n.op_type in FULL_OPS}
    return [
        NodePolicy(n.name, n.op_type, Precision.FP32, reasons[n.name]) for n in canonical.nodes if n.name in reasons
    ]

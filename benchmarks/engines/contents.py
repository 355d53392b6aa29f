"""What an engine set's manifest says of its size, its precision and its speech."""

from speechtrt.engine_set import EngineSet
from speechtrt.precision import Precision
from speechtrt.quality import EVERYTHING

PRODUCTS = ("MatMul", "Gemm")


def acceptance(engines: EngineSet) -> dict[str, float]:
    """Flat numbers below `model.side`: share of stages in the precision asked for, of MatMul weights in int8."""
    prefix = f"{engines.name}.{engines.backend}-{engines.requested}"
    kept = sum(stage.precision is engines.requested for stage in engines.stages) / len(engines.stages)
    return {f"{prefix}.stages_share": kept, f"{prefix}.matmul_share": matmul_share(engines)}


def contents(engines: EngineSet, reference: EngineSet) -> dict[str, float]:
    """Flat numbers below `model.side`: bytes against the reference's, speech differences."""
    prefix = f"{engines.name}.{engines.engine}"
    numbers: dict[str, float] = {}
    for stage in engines.stages:
        ratio = stage.file.bytes / reference.stage(stage.spec.name).file.bytes
        numbers[f"{prefix}.{stage.spec.name}.bytes_ratio"] = ratio
    for figure in engines.quality:
        if figure.group == EVERYTHING:
            found = {"delta": figure.delta, "low": figure.low, "high": figure.high}
            numbers |= {f"{prefix}.{figure.metric}_{end}": v for end, v in found.items() if v is not None}
    return numbers


def matmul_share(engines: EngineSet) -> float:
    """Share of the weights of all matrix products that int8 holds; 1 where there is none."""
    rows = [row for stage in engines.stages for row in stage.policy if row.op in PRODUCTS and row.weights]
    total = sum(row.weights for row in rows)
    return sum(row.weights for row in rows if row.precision is Precision.INT8) / total if total else 1.0

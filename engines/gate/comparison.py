"""Numbers that say how far two sets of outputs are apart."""

from dataclasses import dataclass

import numpy as np

from speechtrt.engine_set import GateRow
from speechtrt.engines.gate.limits import PROBABILITIES, Limits
from speechtrt.engines.session import Array

Outputs = dict[str, list[Array]]
RELATIVE_L2 = "relative_l2"
DECIDED = 0.1  # nats between the best two classes; below, the reference itself hesitates


@dataclass(frozen=True, slots=True)
class Drift:
    """Relative L2 error, cosine, and largest difference of one output."""

    relative_l2: float
    cosine: float
    largest: float


def measure_drift(reference: list[Array], found: list[Array]) -> Drift:
    """Compare in float64 over all steps at once. NaN anywhere gives NaN."""
    a = np.concatenate([x.astype(np.float64).ravel() for x in reference])
    b = np.concatenate([x.astype(np.float64).ravel() for x in found])
    norm, other = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    apart = float(np.linalg.norm(a - b))
    if norm == 0.0:
        return Drift(apart, 1.0 if apart == 0.0 else 0.0, apart)
    cosine = float(a @ b) / (norm * other) if other > 0.0 else 0.0
    return Drift(apart / norm, cosine, float(np.max(np.abs(a - b))))


def compare_outputs(stage: str, reference: Outputs, found: Outputs, limits: Limits, note: str = "") -> list[GateRow]:
    """One row per kind of figure; the row names the worst output."""
    floats = [n for n in reference if reference[n][0].dtype.kind == "f"]
    smooth = [n for n in floats if n not in PROBABILITIES]
    drifts = {n: measure_drift(reference[n], found[n]) for n in floats}
    rows: list[GateRow] = []
    if smooth:
        l2 = {n: drifts[n].relative_l2 for n in smooth}
        rows.append(_at_most(stage, RELATIVE_L2, l2, limits.relative_l2, note))
        rows.append(_at_least(stage, "cosine", {n: drifts[n].cosine for n in smooth}, limits.cosine, note))
    if probabilities := {n: drifts[n].largest for n in floats if n in PROBABILITIES}:
        rows.append(_at_most(stage, "probability", probabilities, limits.probability, note))
    if "log_probs" in reference:
        agreement = {"log_probs": _agreement(reference["log_probs"], found["log_probs"])}
        rows.append(_at_least(stage, "argmax_agreement", agreement, limits.agreement, note))
    if whole := {n: _mismatches(reference[n], found[n]) for n in reference if n not in floats}:
        rows.append(_at_most(stage, "integer_mismatches", whole, 0.0, note))
    return rows


def _agreement(reference: list[Array], found: list[Array]) -> float:
    """Share of decided frames whose best class is the same; a frame that is not finite agrees with none."""
    a = np.concatenate([x.reshape(-1, x.shape[-1]) for x in reference])
    b = np.concatenate([x.reshape(-1, x.shape[-1]) for x in found])
    second, best = np.partition(a, -2, axis=-1)[:, -2:].T
    decided = (best - second >= DECIDED) | ~np.isfinite(b).all(-1)
    same = (np.argmax(a, -1) == np.argmax(b, -1)) & np.isfinite(b).all(-1)
    return float(same[decided].mean()) if decided.any() else 1.0


def _mismatches(reference: list[Array], found: list[Array]) -> float:
    return float(sum(np.count_nonzero(a != b) for a, b in zip(reference, found, strict=True)))


def _at_most(stage: str, metric: str, values: dict[str, float], limit: float, note: str) -> GateRow:
    worst = max(values, key=lambda n: np.nan_to_num(values[n], nan=np.inf))
    return _row(stage, metric, values[worst], limit, values[worst] <= limit, _said(worst, note))


def _at_least(stage: str, metric: str, values: dict[str, float], limit: float, note: str) -> GateRow:
    worst = min(values, key=lambda n: np.nan_to_num(values[n], nan=-np.inf))
    return _row(stage, metric, values[worst], limit, values[worst] >= limit, _said(worst, note))


def _row(stage: str, metric: str, value: float, limit: float, passed: bool, note: str) -> GateRow:
    """JSON has no NaN, so a figure that is not finite becomes None."""
    finite = bool(np.isfinite(value))
    return GateRow(stage, metric, value if finite else None, limit, bool(passed) and finite, note)


def _said(worst: str, note: str) -> str:
    return f"worst output {worst}; {note}" if note else f"worst output {worst}"

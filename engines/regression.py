"""`validate --against`: is an engine set significantly worse than the one that was accepted before?"""

from pathlib import Path

from speechtrt.engine_set import EngineFolder, GateRow, Status
from speechtrt.engines.gate.paired import holm, p_worse
from speechtrt.engines.gate.quality import ALLOWED, Observation, QualityCheck
from speechtrt.errors import ManifestError
from speechtrt.quality import EVERYTHING, Better

AGAINST = "against"
SIGNIFICANT = 0.05


def judge_regression(engines: EngineFolder, before: Path, check: QualityCheck) -> list[GateRow]:
    """One row for each gated metric of each group: its adjusted p-value must not be significant.

    Raises ManifestError when `before` is no accepted set of the same model, and what the check raises.
    """
    _check_comparable(engines, EngineFolder.open(before))
    report = check.compare(engines.path, before)
    better = {figure.metric: figure.better for figure in report.figures}
    tests = _grouped(report.observations)
    values = {name: p_worse(rows, better.get(rows[0].metric, Better.LOWER)) for name, rows in tests.items()}
    return [_row(name, tests[name], value) for name, value in holm(values).items()]


def _check_comparable(engines: EngineFolder, before: EngineFolder) -> None:
    new, old = engines.manifest, before.manifest
    if old.status is not Status.ACCEPTED:
        raise ManifestError(f"{before.path}: {old.status}; compare with a set that was accepted")
    if (old.name, old.model.task) != (new.name, new.model.task):
        raise ManifestError(
            f"{before.path}: is a set of {old.name} ({old.model.task}), {engines.path} is one of {new.name} "
            f"({new.model.task}); compare two sets of one model"
        )


def _grouped(observations: tuple[Observation, ...]) -> dict[str, list[Observation]]:
    """By metric and group (a dialect, or everything)."""
    groups: dict[str, list[Observation]] = {}
    for row in observations:
        if row.metric in ALLOWED:
            groups.setdefault(f"{row.metric} of {row.group or EVERYTHING}", []).append(row)
    return groups


def _row(name: str, rows: list[Observation], value: float) -> GateRow:
    weight = sum(row.weight for row in rows)
    found, before = (sum(getattr(row, side) for row in rows) / weight for side in ("value", "reference"))
    note = f"{found:.4g} after {before:.4g}, {len(rows)} utterances; a small p-value means worse"
    return GateRow(AGAINST, name, value, SIGNIFICANT, value > SIGNIFICANT, note)

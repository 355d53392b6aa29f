"""`validate --budget`: how fast and how small an engine set must be, as ratios to the reference precision.

schema = 1
[speed]            # CPU time of one run / the reference precision's
all = 0.7          # every stage together
decoder = 0.45
[size]             # bytes of engines / the reference precision's
all = 0.35
"""

from pathlib import Path
from typing import Annotated

import msgspec

from speechtrt.documents import SCHEMA
from speechtrt.engine_set import EngineFolder, EngineStage, GateRow
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.judgement import STAND_IN
from speechtrt.engines.gate.speed import Timing, time_pair
from speechtrt.engines.session import StageSession
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName

EVERY_STAGE = "all"
Ratio = Annotated[float, msgspec.Meta(gt=0)]


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Largest ratios by stage name or `all`. Parsed from TOML; a key it does not know is refused."""

    schema: int
    speed: dict[str, Ratio] = {}
    size: dict[str, Ratio] = {}


def read_budget(path: Path) -> Budget:
    """Raises ManifestError for a file that is no budget."""
    try:
        budget = msgspec.toml.decode(path.read_bytes(), type=Budget)
    except (OSError, msgspec.DecodeError) as error:
        raise ManifestError(
            f"{path}: is not a budget ({error}); it needs schema = {SCHEMA} and the tables [speed] and [size]"
        ) from error
    if budget.schema != SCHEMA:
        raise ManifestError(f"{path}: has schema {budget.schema}, this version of speechtrt reads schema {SCHEMA}")
    return budget


def judge_budget(engines: EngineFolder, reference: EngineFolder, budget: Budget) -> list[GateRow]:
    """One row for each ratio that the budget names. Raises ManifestError when it names a stage that there is not."""
    known = [stage.spec.name for stage in engines.manifest.stages]
    unknown = sorted((budget.speed.keys() | budget.size.keys()) - {EVERY_STAGE, *known})
    if unknown:
        raise ManifestError(
            f"the budget names {', '.join(unknown)}, but {engines.path} has the stages {', '.join(known)}; "
            f"name one of them, or {EVERY_STAGE!r}"
        )
    sizes = [_size(engines, reference, name, limit) for name, limit in budget.size.items()]
    return sizes + (_speeds(engines, reference, budget.speed) if budget.speed else [])


def _size(engines: EngineFolder, reference: EngineFolder, name: str, limit: float) -> GateRow:
    found, wanted = (
        sum(stage.file.bytes for stage in folder.manifest.stages if name in (EVERY_STAGE, stage.spec.name))
        for folder in (engines, reference)
    )
    note = f"{found / 1e6:.2f} MB against {wanted / 1e6:.2f} MB"
    return GateRow(name, "size_budget", found / wanted, limit, found <= limit * wanted, note)


def _speeds(engines: EngineFolder, reference: EngineFolder, limits: dict[str, float]) -> list[GateRow]:
    if engines.manifest.backend is not BackendName.ORT_CPU:
        return [GateRow(name, "speed_budget", None, limit, False, STAND_IN) for name, limit in limits.items()]
    stages = {stage.spec.name: stage for stage in engines.manifest.stages}
    wanted = list(stages) if EVERY_STAGE in limits else list(limits)
    timings = {name: _time(engines, reference, stages[name]) for name in wanted}
    return [
        _speed(name, list(timings.values()) if name == EVERY_STAGE else [timings[name]], limits[name])
        for name in limits
    ]


def _time(engines: EngineFolder, reference: EngineFolder, stage: EngineStage) -> Timing:
    name = stage.spec.name
    evaluation = decode_evaluation(engines.file(f"{EVALUATION}/{name}.npz"), engines.manifest.model.stage(name))
    slow_file = reference.file(reference.manifest.stage(name).file.path)
    states = stage.spec.states
    with StageSession(slow_file, states) as slow, StageSession(engines.file(stage.file.path), states) as fast:
        return time_pair(slow, fast, evaluation.playlist)


def _speed(name: str, timings: list[Timing], limit: float) -> GateRow:
    """One stage's ratio is the median of its paired rounds; of several stages, their times are added."""
    found, wanted = sum(t.candidate_seconds for t in timings), sum(t.reference_seconds for t in timings)
    ratio = timings[0].ratio if len(timings) == 1 else found / wanted
    note = f"{found * 1e3:.3g} ms against {wanted * 1e3:.3g} ms, one thread"
    return GateRow(name, "speed_budget", ratio, limit, ratio <= limit, note)

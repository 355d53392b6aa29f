"""Every engine set of some models beside its reference precision, in turns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from speechtrt.benchmarks.engine_sets import reference_listener
from speechtrt.benchmarks.engines.chores import build_ahead, build_warm, validate_all
from speechtrt.benchmarks.engines.contents import acceptance, contents
from speechtrt.benchmarks.engines.promises import promises
from speechtrt.benchmarks.engines.report import EnginesReport, doubts, gains, speeds
from speechtrt.benchmarks.engines.timing import time_stages
from speechtrt.benchmarks.engines.trial import EnginesLoad, StageTrial
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.measure.bar import judge_bars
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.measure.rounds import rounds
from speechtrt.benchmarks.measure.verdict import quick_reasons, verdict
from speechtrt.benchmarks.quality.check import SpeechQuality
from speechtrt.benchmarks.tts.dimensions import NAME as RANDOM
from speechtrt.benchmarks.tts.dimensions import random_subject
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.engines.gate.quality import QualityCheck
from speechtrt.engines.gate.speed import ROUNDS
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision

REFERENCE = f"{BackendName.ORT_CPU}-{Precision.FP32}"
LOWERED = f"{BackendName.ORT_CPU}-{Precision.INT8}"
AHEAD = f"{BackendName.TENSORRT_RTX}-{Precision.INT8}"
BATCHES = (1, 16)
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EnginesPlan:
    """Folders of engine sets by model; `trained` ones also have speech to keep and chores to time.

    `bundles` are those of the trained models; without any, chores are left out.
    """

    models: Mapping[str, Path]
    trained: tuple[str, ...]
    bundles: tuple[Path, ...]
    check: Callable[[], QualityCheck]
    trials: int
    quick: bool


def built_plan(build: Path, trials: int, quick: bool) -> EnginesPlan:
    """Everything below `build`/engines that has both precisions, and SpeechT5's size with random weights.

    Raises BenchmarkError when nothing is built.
    """
    root = build / "engines"
    found = {path.name: path for path in sorted(root.glob("*")) if (path / LOWERED).is_dir() and path.name != RANDOM}
    if not found:
        raise BenchmarkError(f"{root}: has no model with {LOWERED} and {REFERENCE} engines; run `speechtrt engines`")
    trained = tuple(found)
    if not quick:
        random_subject(build)
        found[RANDOM] = root / RANDOM
    return EnginesPlan(
        models=found,
        trained=trained,
        bundles=tuple(build / "bundles" / name for name in trained),
        check=partial(SpeechQuality, reference_listener(build / "engines")),
        trials=trials,
        quick=quick,
    )


def run_engines(plan: EnginesPlan, report: Report) -> EnginesReport:
    """Measure. Raises BenchmarkError, ManifestError, IntegrityError or BuildError."""
    pairs = {name: _pair(folder) for name, folder in plan.models.items()}
    trials = tuple(_trials(pairs, plan, report))
    summary = speeds(trials)
    for low, full in pairs.values():
        summary |= contents(EngineFolder.open(low).manifest, EngineFolder.open(full).manifest)
    for folder in _lowered_sets(plan):
        summary |= acceptance(EngineFolder.open(folder).manifest)
    if plan.bundles and not plan.quick:
        summary |= _chores(plan, report)
    sides = [f"{name}.{side}" for name in plan.trained for side in (LOWERED, AHEAD)]
    return EnginesReport(
        Result(
            kind="engines",
            environment=read_environment(),
            load=EnginesLoad(tuple(pairs), BATCHES, ROUNDS, plan.trials),
            trials=trials,
            summary=summary,
            bars=judge_bars(promises(sides), summary),
            valid=verdict(quick_reasons(plan.quick) + doubts(trials)),
        )
    )


def _lowered_sets(plan: EnginesPlan) -> list[Path]:
    """Of every model, as far as they were built; speech of those for a GPU is not compared without one."""
    folders = [folder / side for folder in plan.models.values() for side in (LOWERED, AHEAD)]
    return [folder for folder in folders if (folder / ENGINE_FILE).is_file()]


def _pair(folder: Path) -> tuple[Path, Path]:
    low, full = folder / LOWERED, folder / REFERENCE
    for path in (low, full):
        if not (path / ENGINE_FILE).is_file():
            raise BenchmarkError(f"{path}: there is no engine set; build {LOWERED} and {REFERENCE} of this model first")
    return low, full


def _trials(pairs: Mapping[str, tuple[Path, Path]], plan: EnginesPlan, report: Report) -> Sequence[StageTrial]:
    done: list[StageTrial] = []
    for number in rounds(plan.trials, lambda: gains(done)):
        for name, (low, full) in pairs.items():
            done.extend(time_stages(low, full, BATCHES))
            report(f"round {number + 1}: {name}")
    return done


def _chores(plan: EnginesPlan, report: Report) -> dict[str, float]:
    return {
        "build_warm_seconds": build_warm(plan.bundles[0]),
        "validate_seconds": validate_all([plan.models[name] for name in plan.trained], plan.check, report),
        "build_ahead_seconds": build_ahead(plan.bundles, report),
    }

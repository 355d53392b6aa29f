"""From engine sets and texts to a finished evaluation."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.engine_sets import accepted_engines, model_of
from speechtrt.benchmarks.environment import read_environment
from speechtrt.benchmarks.voices.evaluation import evaluate_voice
from speechtrt.benchmarks.voices.material import Material, read_material, shipped_material
from speechtrt.benchmarks.voices.report import VoiceLoad, VoiceReport, make_report
from speechtrt.bundle import Bundle
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision

REFERENCE = f"{BackendName.ORT_CPU}-{Precision.FP32}"


@dataclass(frozen=True, slots=True)
class VoicePlan:
    """What is evaluated. `engines` holds the engine sets; `texts` None reads the shipped sentences."""

    model: str
    engines: Path
    texts: Path | None
    count: int
    seeds: int
    listener: Path | None
    quick: bool


def run_study(plan: VoicePlan, report: Callable[[str], None]) -> VoiceReport:
    """Evaluate every accepted engine set beside the reference precision. Raises SpeechTRTError."""
    sides = accepted_engines(plan.engines)
    model = model_of(sides)
    if model.tts is None:
        raise BenchmarkError(f"{plan.engines}: holds a {model.task} model, expected a voice; choose other engines")
    reference = sides.pop(REFERENCE, None)
    if reference is None or not sides:
        raise BenchmarkError(
            f"{plan.engines}: has {'no ' + REFERENCE if reference is None else REFERENCE + ' only'}; expected the "
            "reference precision and at least one other engine set, so build both"
        )
    material = _material(plan, model)
    evaluation = evaluate_voice(sides, reference, material, plan.listener, report)
    load = VoiceLoad(
        model=plan.model,
        bundle_sha256=EngineFolder.open(reference).manifest.bundle_sha256,
        reference=REFERENCE,
        listener=_name(plan.listener),
        source=material.source,
        texts=len(set(material.blocks.values())),
        seeds=plan.seeds,
    )
    return make_report(read_environment(), load, evaluation, plan.quick)


def _material(plan: VoicePlan, model: Bundle) -> Material:
    if plan.texts:
        return read_material(plan.texts, plan.count, plan.seeds)
    return shipped_material([voice.name for voice in model.voices], plan.count, plan.seeds)


def _name(listener: Path | None) -> str | None:
    """Model and engine, never a path."""
    if listener is None:
        return None
    manifest = EngineFolder.open(listener).manifest
    return f"{manifest.name} {manifest.engine}"

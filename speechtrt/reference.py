"""`speechtrt engines`: the reference models, exported, built and validated on every backend that builds here."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.bundle import BundleFolder, Task
from speechtrt.console import emit_json, note
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BuildError
from speechtrt.precision import BackendName, Precision

if TYPE_CHECKING:
    from rich.table import Table

    from speechtrt.engines.gate.quality import QualityCheck

WEIGHTS = Path(__file__).parent / "models" / "weights"


@dataclass(frozen=True, slots=True)
class ReferenceModel:
    """A model whose weights come with the package."""

    name: str
    task: Task

    @property
    def checkpoint(self) -> str:
        """Its checkpoint's folder, relative to the working folder so that manifests do not depend on the machine."""
        return os.path.relpath(WEIGHTS / self.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """One engine set to build of every model, and the package its backend is built with."""

    backend: BackendName
    precision: Precision
    package: str

    @property
    def buildable(self) -> bool:
        """Whether this machine has the backend's builder."""
        return find_spec(self.package) is not None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one plan for one model."""

    folder: EngineFolder
    fresh: bool


LISTENER = ReferenceModel("ctc-medium", Task.CTC)  # built first: it writes down what the voice says
MODELS = (
    LISTENER,
    ReferenceModel("ctc-small", Task.CTC),
    ReferenceModel("ctc-large", Task.CTC),
    ReferenceModel("voice", Task.TTS),
)
DEFAULT_ROOT = Path("build")

PLANS = (
    Plan(BackendName.ORT_CPU, Precision.FP32, "onnxruntime"),
    Plan(BackendName.ORT_CPU, Precision.INT8, "onnxruntime"),
    Plan(BackendName.TENSORRT_RTX, Precision.FP32, "tensorrt_rtx_bindings"),
    Plan(BackendName.TENSORRT_RTX, Precision.FP16, "tensorrt_rtx_bindings"),
    Plan(BackendName.TENSORRT_RTX, Precision.INT8, "tensorrt_rtx_bindings"),
)


def export_reference(model: ReferenceModel, root: Path) -> BundleFolder:
    """The bundle of a reference model. Raises CheckpointError or ParityError."""
    from speechtrt.export.exporter import ExportRequest, export_bundle, up_to_date

    request = ExportRequest(model.checkpoint, model.task, model.name)
    out = root / "bundles" / model.name
    bundle = up_to_date(request, out)
    if bundle is not None:
        note(f"{out}: up to date")
        return bundle
    note(f"{out}: exporting")
    return export_bundle(request, out)


def listening_check(root: Path) -> "QualityCheck":
    """The check of speech that engines are gated with; the reference recogniser writes down what a voice says."""
    from speechtrt.benchmarks.quality.check import SpeechQuality

    listener = root / "engines" / LISTENER.name / f"{BackendName.ORT_CPU}-{Precision.FP32}"
    return SpeechQuality(listener=listener if listener.is_dir() else None)


def build_reference(bundle: BundleFolder, plan: Plan, root: Path) -> Outcome:
    """One engine set, validated from disk when it is new. Raises BuildError."""
    from speechtrt.engines.builder import build_engine_set
    from speechtrt.engines.current import current_engine_set

    out = root / "engines" / bundle.manifest.name / f"{plan.backend}-{plan.precision}"
    fresh = current_engine_set(bundle.path, plan.backend, plan.precision, out, heard=True) is None
    folder = build_engine_set(
        bundle.path, plan.backend, plan.precision, out, cache=root / "cache", quality=lambda: listening_check(root)
    )
    if fresh:
        validate_reference(folder, bundle)
    return Outcome(folder, fresh)


def validate_reference(folder: EngineFolder, bundle: BundleFolder) -> None:
    """Re-open a new engine set and run its gates again. Raises BuildError when one fails."""
    from speechtrt.benchmarks.quality.player import gpu_player
    from speechtrt.engines.validate import Demands, validate_engine_set

    report = validate_engine_set(folder.path, Demands(bundle=bundle.path, player=gpu_player()))
    if report.failures:
        first = report.failures[0]
        raise BuildError(
            f"{folder.path}: {len(report.failures)} of {len(report.rows)} checks failed, first {first.stage} "
            f"{first.metric}; `speechtrt validate {folder.path}` lists them"
        )
    note(f"{folder.path}: {len(report.rows)} checks passed")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=DEFAULT_ROOT, show_default=True, help="Output root.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifests as one JSON document.")
def engines(out: Path, as_json: bool) -> None:
    """Export, build and validate the reference models on every backend that builds here; no work when current."""
    plans = [plan for plan in PLANS if plan.buildable]
    for plan in PLANS:
        if plan not in plans:
            note(f"{plan.backend} {plan.precision}: left out, {plan.package} is missing: pip install speechtrt[export]")
    outcomes = []
    for model in MODELS:
        bundle = export_reference(model, out)
        outcomes += [build_reference(bundle, plan, out) for plan in plans]
    if as_json:
        emit_json({"schema": 1, "engine_sets": [o.folder.manifest for o in outcomes]})
        return
    _print(outcomes)


def _print(outcomes: list[Outcome]) -> None:
    from rich.console import Console

    console = Console()
    console.print(_table(outcomes))
    if not any(outcome.fresh for outcome in outcomes):
        console.print("nothing to do: every engine set is up to date")


def _table(outcomes: list[Outcome]) -> "Table":
    from rich.table import Table

    table = Table("model", "backend", "precision", "gate", "MB", "build s", "", box=None, pad_edge=False)
    for outcome in outcomes:
        engines = outcome.folder.manifest
        megabytes = sum(stage.file.bytes for stage in engines.stages) / 1e6
        seconds = sum(stage.build_seconds for stage in engines.stages)
        table.add_row(
            engines.name,
            engines.backend,
            engines.requested,
            engines.status,
            f"{megabytes:.1f}",
            f"{seconds:.1f}",
            "built and validated" if outcome.fresh else "up to date",
        )
    return table

"""`speechtrt build`."""

from dataclasses import dataclass
from pathlib import Path

import click

from speechtrt.bundle import BundleFolder
from speechtrt.console import emit_json, note
from speechtrt.documents import SCHEMA
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.cache import DEFAULT_CACHE
from speechtrt.engines.gate.judges import NO_JUDGES, Judges
from speechtrt.precision import BackendName, Precision

FOLDER = click.Path(path_type=Path, file_okay=False)
DEFAULT_ROOT = Path("build/engines")


@dataclass(frozen=True, slots=True)
class StageSummary:
    """One stage of a finished build."""

    name: str
    precision: Precision
    bytes: int
    build_seconds: float


@dataclass(frozen=True, slots=True)
class BuildDocument:
    """What `build --json` prints."""

    name: str
    path: Path
    backend: BackendName
    precision: Precision
    status: str
    reason: str
    stages: tuple[StageSummary, ...]
    schema: int = SCHEMA


@click.command()
@click.argument("bundle", type=FOLDER)
@click.option("--backend", type=click.Choice([b.value for b in BackendName]), required=True)
@click.option("--precision", type=click.Choice([p.value for p in Precision]), required=True)
@click.option("--out", type=FOLDER, help="Folder of the engine set [build/engines/NAME/BACKEND-PRECISION].")
@click.option("--cache", type=FOLDER, default=DEFAULT_CACHE, show_default=True, help="Built stages are kept here.")
@click.option(
    "--quantised",
    "files",
    multiple=True,
    metavar="STAGE=FILE",
    help="Take a stage that another tool quantised to int8.",
)
@click.option("--speech/--no-speech", default=True, show_default=True, help="Gate on speech quality as well.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def build(
    judges: Judges | None,
    bundle: Path,
    backend: str,
    precision: str,
    out: Path | None,
    cache: Path,
    files: tuple[str, ...],
    speech: bool,
    as_json: bool,
) -> None:
    """ONNX bundle -> engine set for one backend and precision."""
    from speechtrt.engines.builder import build_engine_set

    target = out or default_folder(BundleFolder.open(bundle).manifest.name, BackendName(backend), Precision(precision))
    quality = (judges or NO_JUDGES).quality if speech else None
    engines = build_engine_set(
        bundle,
        BackendName(backend),
        Precision(precision),
        target,
        cache=cache,
        quality=quality,
        quantised=_stages(files),
    )
    document = _summary(engines)
    trial = " (experimental)" if document.precision.experimental else ""
    note(f"{target}: {document.status} at {document.precision}{trial}")
    if as_json:
        emit_json(document)


def _stages(files: tuple[str, ...]) -> dict[str, Path]:
    """`STAGE=FILE` by stage. Raises click.UsageError."""
    stages: dict[str, Path] = {}
    for text in files:
        stage, found, file = text.partition("=")
        if not (stage and found and file):
            raise click.UsageError(f"--quantised {text}: expected STAGE=FILE, e.g. decoder=decoder.onnx")
        stages[stage] = Path(file)
    return stages


def default_folder(name: str, backend: BackendName, precision: Precision) -> Path:
    """Where `build` writes when it is not told."""
    return DEFAULT_ROOT / name / f"{backend}-{precision}"


def _summary(engines: EngineFolder) -> BuildDocument:
    manifest = engines.manifest
    stages = tuple(StageSummary(s.spec.name, s.precision, s.file.bytes, s.build_seconds) for s in manifest.stages)
    return BuildDocument(
        manifest.name,
        engines.path,
        manifest.backend,
        manifest.precision,
        manifest.status,
        manifest.reason,
        stages,
    )

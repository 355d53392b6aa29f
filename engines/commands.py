"""`speechtrt build` and `speechtrt validate`."""

import sys
from dataclasses import dataclass
from pathlib import Path

import click

from speechtrt.artifact import write_bytes
from speechtrt.bundle import BundleFolder
from speechtrt.console import emit_json, note
from speechtrt.documents import SCHEMA
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.cache import DEFAULT_CACHE
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def build(bundle: Path, backend: str, precision: str, out: Path | None, cache: Path, as_json: bool) -> None:
    """ONNX bundle -> engine set for one backend and precision."""
    from speechtrt.engines.builder import build_engine_set

    target = out or default_folder(BundleFolder.open(bundle).manifest.name, BackendName(backend), Precision(precision))
    engines = build_engine_set(bundle, BackendName(backend), Precision(precision), target, cache=cache)
    document = _summary(engines)
    note(f"{target}: {document.status} at {document.precision}")
    if as_json:
        emit_json(document)


@click.command()
@click.argument("engines", type=FOLDER)
@click.option("--bundle", type=FOLDER, help="Also check that the set was built from this bundle.")
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write the checks as JUnit XML.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def validate(engines: Path, bundle: Path | None, junit: Path | None, as_json: bool) -> None:
    """Re-run the gates of an engine set; exit 1 on failure."""
    from speechtrt.engines.gate.judgement import describe
    from speechtrt.engines.junit import junit_xml
    from speechtrt.engines.validate import validate_engine_set

    report = validate_engine_set(engines, bundle)
    if junit is not None:
        write_bytes(junit, junit_xml(f"{report.name}.{engines.name}", report.rows, report.seconds))
    for row in report.failures:
        note(f"FAILED {row.stage}: {describe(row)} {row.note}".rstrip())
    note(f"{engines}: {len(report.rows)} checks, {len(report.failures)} failed")
    if as_json:
        emit_json(report)
    sys.exit(0 if report.passed else 1)


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

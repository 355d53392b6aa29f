"""Judges an engine set from disk: hashes, versions, every engine opened, every gate run again."""

import time
from dataclasses import dataclass
from pathlib import Path

from speechtrt.bundle import BundleFolder
from speechtrt.documents import SCHEMA
from speechtrt.engine_set import EngineFolder, EngineStage, GateRow
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.device import device_fingerprint
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.judgement import STAND_IN, judge_numbers
from speechtrt.engines.stage_build import make_builder
from speechtrt.engines.versions import RUNS_ON, installed
from speechtrt.errors import SpeechTRTError
from speechtrt.precision import BackendName

ALL = "engine set"


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was checked and found; the set may be used when every row passed."""

    name: str
    backend: BackendName
    passed: bool
    seconds: float
    rows: tuple[GateRow, ...]
    schema: int = SCHEMA

    @property
    def failures(self) -> tuple[GateRow, ...]:
        """The rows that did not pass."""
        return tuple(row for row in self.rows if not row.passed)


def validate_engine_set(folder: Path, bundle: Path | None = None) -> ValidationReport:
    """Check the engine set in `folder`, and against its bundle when one is given.

    A failed check is a row of the report. Raises ManifestError only for a folder that is no engine set or no bundle.
    """
    began = time.perf_counter()
    engines = EngineFolder.open(folder)
    rows = [*_files(engines), *_versions(engines)]
    if bundle is not None:
        rows.append(_bundle(engines, BundleFolder.open(bundle)))
    for stage in engines.manifest.stages:
        rows += _stage(engines, stage)
    passed = all(row.passed for row in rows)
    manifest = engines.manifest
    return ValidationReport(manifest.name, manifest.backend, passed, time.perf_counter() - began, tuple(rows))


def _files(engines: EngineFolder) -> list[GateRow]:
    try:
        engines.verify()
    except SpeechTRTError as error:
        return [_row(ALL, "hashes", False, str(error))]
    return [_row(ALL, "hashes", True, f"{len(engines.manifest.files)} files")]


def _versions(engines: EngineFolder) -> list[GateRow]:
    """A plan runs on the version that wrote it. Another CPU only makes the recorded speed a memory."""
    manifest = engines.manifest
    package = RUNS_ON[manifest.backend]
    built, here = manifest.builder.get(package, "unknown"), installed(package)
    note = package if built == here else f"built with {package} {built}, this is {here}; build it again"
    same = manifest.device == device_fingerprint(manifest.backend)
    device = "" if same else f"built on {manifest.device.get('name', 'unknown')}; its speed here was not measured"
    return [_row(ALL, "backend_version", built == here, note), _row(ALL, "device", True, device)]


def _bundle(engines: EngineFolder, bundle: BundleFolder) -> GateRow:
    same = engines.manifest.bundle_sha256 == bundle.sha256
    return _row(
        ALL, "bundle", same, "" if same else f"was built from another bundle than {bundle.path}; build it again"
    )


def _stage(engines: EngineFolder, stage: EngineStage) -> list[GateRow]:
    """Open the engine, then play the recorded scenarios. An error is a failed row, and the other stages go on."""
    name = stage.spec.name
    try:
        note = make_builder(engines.manifest.backend).open(engines.file(stage.file.path))
    except SpeechTRTError as error:
        return [_row(name, "opens", False, str(error))]
    try:
        return [_row(name, "opens", True, note), *_numbers(engines, stage)]
    except SpeechTRTError as error:
        return [_row(name, "runs", False, str(error))]


def _numbers(engines: EngineFolder, stage: EngineStage) -> tuple[GateRow, ...]:
    name = stage.spec.name
    canonical = engines.manifest.model.stage(name)
    evaluation = decode_evaluation(engines.file(f"{EVALUATION}/{name}.npz"), canonical)
    if engines.manifest.backend is BackendName.ORT_CPU:
        return judge_numbers(engines.file(stage.file.path), evaluation, stage.precision).rows
    graph = engines.file(f"{EVALUATION}/{name}.onnx")
    return judge_numbers(graph, evaluation, stage.precision, STAND_IN).rows


def _row(stage: str, metric: str, passed: bool, note: str) -> GateRow:
    """A yes-or-no check: 0 failures, or 1."""
    return GateRow(stage, metric, 0.0 if passed else 1.0, 0.0, passed, note)

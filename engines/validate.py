"""Judges an engine set from disk: is it sound, and does it meet what is demanded of it?"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from speechtrt.bundle import BundleFolder
from speechtrt.documents import SCHEMA
from speechtrt.engine_set import EngineFolder, GateRow
from speechtrt.engines.budget import Budget, judge_budget
from speechtrt.engines.current import compares_speech, runs_here
from speechtrt.engines.gate.execution import StagePlayer
from speechtrt.engines.gate.quality import QualityCheck, figure_row
from speechtrt.engines.regression import AGAINST, judge_regression
from speechtrt.engines.soundness import check_bundle, check_files, check_stage, check_versions, yes_or_no
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName
from speechtrt.quality import QualityFigure


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What was checked and found; the set may be used when every row passed."""

    name: str
    backend: BackendName
    passed: bool
    seconds: float
    rows: tuple[GateRow, ...]
    quality: tuple[QualityFigure, ...] = ()
    schema: int = SCHEMA

    @property
    def failures(self) -> tuple[GateRow, ...]:
        """The rows that did not pass."""
        return tuple(row for row in self.rows if not row.passed)


@dataclass(frozen=True, slots=True)
class Demands:
    """What an engine set is held against beside its own recorded gates; nothing by default.

    `bundle`: the bundle that it must come from. `reference`: the set of the reference precision, which `budget` and
    speech quality need; the set beside it if None. `quality` makes the check of speech. `against`: the set that was
    accepted before. `player` runs engines for a GPU, where there is one.
    """

    bundle: Path | None = None
    reference: Path | None = None
    budget: Budget | None = None
    quality: Callable[[], QualityCheck] | None = None
    against: Path | None = None
    player: StagePlayer | None = None


NO_DEMANDS = Demands()


def validate_engine_set(folder: Path, demands: Demands = NO_DEMANDS) -> ValidationReport:
    """Check the engine set in `folder`, and what `demands` asks for.

    A failed check is a row of the report. Raises ManifestError only for a folder that is no engine set or no bundle,
    and for demands that cannot be met by any set.
    """
    began = time.perf_counter()
    engines = EngineFolder.open(folder)
    origin = check_versions(engines)
    if demands.bundle is not None:
        origin.append(check_bundle(engines, BundleFolder.open(demands.bundle)))
    rows = [*check_files(engines), *origin]
    if all(row.passed for row in origin):  # of another version or device, not a byte is deserialised
        for stage in engines.manifest.stages:
            rows += check_stage(engines, stage, demands.player)
    figures: tuple[QualityFigure, ...] = ()
    if all(row.passed for row in rows):
        figures, more = _compared(engines, demands)
        rows += more
    passed = all(row.passed for row in rows)
    manifest = engines.manifest
    seconds = time.perf_counter() - began
    return ValidationReport(manifest.name, manifest.backend, passed, seconds, tuple(rows), figures)


def _compared(engines: EngineFolder, demands: Demands) -> tuple[tuple[QualityFigure, ...], list[GateRow]]:
    """Speech, budgets and regressions; only a set whose engines are sound gets this far."""
    figures: tuple[QualityFigure, ...] = ()
    rows: list[GateRow] = []
    reference = demands.reference or engines.reference()
    if demands.budget is not None:
        rows += judge_budget(engines, _needed(engines, reference, "a budget"), demands.budget)
    if demands.quality is not None:
        figures, speech = _speech(engines, reference, demands.quality)
        rows += speech
    if demands.against is not None:
        rows += _against(engines, demands.against, demands.quality)
    return figures, rows


def _against(engines: EngineFolder, before: Path, make_check: Callable[[], QualityCheck] | None) -> list[GateRow]:
    """What was asked for and cannot be done has not been passed."""
    if make_check is None:
        raise ManifestError(f"{before}: cannot be compared with, because speech is not; allow speech")
    if not runs_here(engines.manifest.backend):
        return [yes_or_no(AGAINST, "speech", False, f"not compared: {engines.manifest.backend} does not run here")]
    return judge_regression(engines, before, make_check())


def _speech(
    engines: EngineFolder, reference: Path | None, make_check: Callable[[], QualityCheck]
) -> tuple[tuple[QualityFigure, ...], list[GateRow]]:
    manifest = engines.manifest
    if not compares_speech(manifest.backend, manifest.precision):
        return (), []
    if reference is None:
        return (), [yes_or_no("speech", "reference", True, f"not compared: {_missing(engines)}")]
    report = make_check().compare(engines.path, reference)
    judged = [figure for figure in report.figures if figure.limit is not None]
    return report.figures, [figure_row(figure) for figure in judged]


def _needed(engines: EngineFolder, reference: Path | None, what: str) -> EngineFolder:
    if reference is None:
        raise ManifestError(f"{what} needs the set of the reference precision: {_missing(engines)}")
    return EngineFolder.open(reference)


def _missing(engines: EngineFolder) -> str:
    backend = engines.manifest.backend
    return (
        f"there is no {backend}-{backend.reference_precision} of this bundle beside {engines.path}; "
        "build it, or name it with --reference"
    )

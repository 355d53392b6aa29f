"""Built stages and the bundle's assets -> the folder of an engine set."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import list_files
from speechtrt.bundle import Bundle
from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineSet, Status
from speechtrt.engines.build_context import RECORD_FILE, BuildContext, StageFolder
from speechtrt.engines.cache import CONTENTS, verify_entry
from speechtrt.errors import IntegrityError, SpeechTRTError
from speechtrt.fallback import FallbackSearch
from speechtrt.precision import Precision
from speechtrt.quality import QualityFigure


@dataclass(frozen=True, slots=True)
class Selection:
    """The stages of a set, how its speech compares, and how nodes to spare for its sake were looked for."""

    stages: tuple[StageFolder, ...]
    figures: tuple[QualityFigure, ...] = ()
    search: FallbackSearch | None = None
    reason: str = ""

    def lowered(self, precision: Precision) -> bool:
        """Whether any stage is in `precision`."""
        return any(built.record.stage.precision is precision for built in self.stages)


def write_engine_set(folder: Path, context: BuildContext, precision: Precision, selection: Selection) -> None:
    """Fill the empty `folder` with everything that a runtime needs. Raises IntegrityError for a damaged cache."""
    for name in asset_files(context.bundle.manifest):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(context.bundle.file(name), target)
    for built in selection.stages:
        _check(built)
        shutil.copytree(built.path, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(RECORD_FILE, CONTENTS))
    write_document(folder / ENGINE_FILE, _manifest(context, precision, selection, folder))


def _check(built: StageFolder) -> None:
    try:
        verify_entry(built.path)
    except SpeechTRTError as error:
        raise IntegrityError(
            f"the engine cache is damaged: {error}; `speechtrt cache verify --remove` mends it"
        ) from error


def asset_files(bundle: Bundle) -> tuple[str, ...]:
    """What a runtime needs beside the engines."""
    return (bundle.text.tokenizer, *(voice.file for voice in bundle.voices))


def _manifest(context: BuildContext, precision: Precision, selection: Selection, folder: Path) -> EngineSet:
    records = [built.record for built in selection.stages]
    reached = selection.lowered(precision)
    reasons: Sequence[str] = [selection.reason, *(record.reason for record in records)]
    return EngineSet(
        name=context.bundle.manifest.name,
        bundle_sha256=context.bundle.sha256,
        model=context.bundle.manifest,
        backend=context.backend,
        requested=precision,
        precision=precision if reached else records[0].stage.precision,
        status=Status.ACCEPTED if reached else Status.FELL_BACK,
        reason="; ".join(reason for reason in reasons if reason),
        stages=tuple(record.stage for record in records),
        gate=tuple(row for record in records for row in record.gate),
        device=context.device,
        builder=context.versions,
        files=list_files(folder, exclude=ENGINE_FILE),
        quality=selection.figures,
        search=selection.search,
    )

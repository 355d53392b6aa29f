"""Bundle -> engine set."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from speechtrt.artifact import list_files, staged_folder
from speechtrt.bundle import Bundle, BundleFolder
from speechtrt.console import note
from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, EngineSet, Status
from speechtrt.engines.cache import DEFAULT_CACHE, EngineCache
from speechtrt.engines.current import current_engine_set
from speechtrt.engines.device import device_fingerprint
from speechtrt.engines.gate.limits import MOST_TIME_RATIO
from speechtrt.engines.versions import builder_versions
from speechtrt.precision import BackendName, Precision

if TYPE_CHECKING:
    from speechtrt.engines.stage_build import BuildContext, StageFolder


def build_engine_set(
    bundle: Path,
    backend: BackendName,
    precision: Precision,
    out: Path,
    *,
    cache: Path = DEFAULT_CACHE,
    most_time: float = MOST_TIME_RATIO,
    say: Callable[[str], None] = note,
) -> EngineFolder:
    """Build, gate and write the engine set of a bundle, unless `out` already holds it.

    Stages that fail the gate in `precision`, or take more than `most_time` of the reference precision's time, are
    written in the next safer precision with the reason. Raises ManifestError, IntegrityError, BuildError, BackendError.
    """
    current = current_engine_set(bundle, backend, precision, out)
    if current is not None:
        say(f"{out}: up to date")
        return current
    from speechtrt.engines.stage_build import BuildContext, build_stage

    source = BundleFolder.open(bundle)
    source.verify()
    context = BuildContext(
        source, backend, EngineCache(cache), device_fingerprint(backend), builder_versions(backend), most_time
    )
    stages: list[StageFolder] = []
    for stage in source.manifest.stages:
        say(f"{source.manifest.name}: {stage.name} for {backend} {precision}")
        stages.append(build_stage(context, stage, precision))
        if reason := stages[-1].record.reason:
            say(f"  {reason}")
    with staged_folder(out) as folder:
        _copy_assets(source, folder)
        for built in stages:
            shutil.copytree(built.path, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("stage.json"))
        write_document(folder / ENGINE_FILE, _manifest(context, precision, stages, folder))
    return EngineFolder.open(out)


def _copy_assets(source: BundleFolder, folder: Path) -> None:
    """Tokenizer and voices, under the paths that the bundle gives them."""
    for name in asset_files(source.manifest):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source.file(name), target)


def asset_files(bundle: Bundle) -> tuple[str, ...]:
    """What a runtime needs beside the engines."""
    return (bundle.text.tokenizer, *(voice.file for voice in bundle.voices))


def _manifest(context: "BuildContext", precision: Precision, stages: "list[StageFolder]", folder: Path) -> EngineSet:
    records = [built.record for built in stages]
    reached = any(r.stage.precision is precision for r in records)
    return EngineSet(
        name=context.bundle.manifest.name,
        bundle_sha256=context.bundle.sha256,
        model=context.bundle.manifest,
        backend=context.backend,
        requested=precision,
        precision=precision if reached else records[0].stage.precision,
        status=Status.ACCEPTED if reached else Status.FELL_BACK,
        reason="; ".join(r.reason for r in records if r.reason),
        stages=tuple(r.stage for r in records),
        gate=tuple(row for r in records for row in r.gate),
        device=context.device,
        builder=context.versions,
        files=list_files(folder, exclude=ENGINE_FILE),
    )

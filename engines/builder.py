"""Bundle -> engine set."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from speechtrt.artifact import staged_folder
from speechtrt.bundle import Bundle, BundleFolder
from speechtrt.console import note
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.cache import DEFAULT_CACHE, EngineCache, cache_key
from speechtrt.engines.current import current_engine_set
from speechtrt.engines.device import target_device
from speechtrt.engines.gate.limits import MOST_TIME_RATIO
from speechtrt.engines.versions import NOTHING, builder_versions
from speechtrt.errors import BuildError
from speechtrt.precision import BackendName, Precision

if TYPE_CHECKING:
    from speechtrt.engines.assembly import Selection
    from speechtrt.engines.build_context import BuildContext
    from speechtrt.engines.gate.quality import QualityCheck


def build_engine_set(
    bundle: Path,
    backend: BackendName,
    precision: Precision,
    out: Path,
    *,
    cache: Path = DEFAULT_CACHE,
    most_time: float = MOST_TIME_RATIO,
    quality: "Callable[[], QualityCheck] | None" = None,
    quantised: Mapping[str, Path] = NOTHING,
    say: Callable[[str], None] = note,
) -> EngineFolder:
    """Build, gate and write the engine set of a bundle, unless `out` already holds it.

    Stages that fail the gate in `precision` spare the nodes that err most, or are written in the next safer precision;
    so are those that take more than `most_time` of the reference precision's time. `quality` makes the check of speech
    that the whole set must pass where it can run; without it, speech is not compared. `quantised` are files of stages
    that another tool has quantised to INT8, by stage. Who finds another builder at work on `out` waits, and has nothing
    left to do.
    Raises ManifestError, IntegrityError, BuildError, BackendError, StorageError; then what was in `out` still is.
    """

    def current() -> EngineFolder | None:
        return current_engine_set(bundle, backend, precision, out, heard=quality is not None, quantised=quantised)

    if quantised:
        _check_quantised(BundleFolder.open(bundle).manifest, backend, precision, quantised)

    found = current()
    if found is None:
        from speechtrt.engines.build_context import BuildContext

        source, store = BundleFolder.open(bundle), EngineCache(cache)
        with store.locked(cache_key({"set": str(out.resolve())})):
            found = current()
            if found is None:
                versions, device = builder_versions(backend, quantised), target_device(backend)
                context = BuildContext(source, backend, store, device, versions, most_time, quantised=quantised)
                return _build(context, precision, out, quality, say)
    say(f"{out}: up to date")
    return found


def _check_quantised(bundle: Bundle, backend: BackendName, precision: Precision, quantised: Mapping[str, Path]) -> None:
    """Raises ManifestError for a stage that there is not, BuildError where such a graph is of no use."""
    for stage in quantised:
        bundle.stage(stage)
    if backend is BackendName.ORT_CPU or precision is not Precision.INT8:
        raise BuildError(
            f"{backend} {precision} takes no stage that another tool has quantised; expected int8 for a GPU, "
            "whose activations are signed as in that file"
        )


def _build(
    context: "BuildContext",
    precision: Precision,
    out: Path,
    quality: "Callable[[], QualityCheck] | None",
    say: Callable[[str], None],
) -> EngineFolder:
    from speechtrt.engines.assembly import write_engine_set
    from speechtrt.engines.fallback.speech import settle_speech

    context.bundle.verify()
    selection = _build_stages(context, precision, say)
    if quality is not None:
        selection = settle_speech(context, precision, selection, quality, say)
    with staged_folder(out) as folder:
        write_engine_set(folder, context, precision, selection)
    return EngineFolder.open(out)


def _build_stages(context: "BuildContext", precision: Precision, say: Callable[[str], None]) -> "Selection":
    from speechtrt.engines.assembly import Selection
    from speechtrt.engines.stage_build import build_stage

    stages = []
    for stage in context.bundle.manifest.stages:
        say(f"{context.bundle.manifest.name}: {stage.name} for {context.backend} {precision}")
        stages.append(build_stage(context, stage, precision))
        if reason := stages[-1].record.reason:
            say(f"  {reason}")
    return Selection(tuple(stages))

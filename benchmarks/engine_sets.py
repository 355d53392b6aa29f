"""Engine sets that a benchmark may measure, and the reference checkpoints they come from."""

from pathlib import Path

import speechtrt.models
from speechtrt.bundle import Bundle
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, Status
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.reference import CTC

PREFERRED = (Precision.INT8, Precision.FP32)


def accepted_engines(folder: Path) -> dict[str, Path]:
    """Engine sets below `folder` that run here in the precision they were asked for, the preferred one first.

    Keys are `backend-precision`. Raises BenchmarkError when there is none, or ManifestError.
    """
    found = {}
    for precision in PREFERRED:
        name = f"{BackendName.ORT_CPU}-{precision}"
        if (folder / name).is_dir() and EngineFolder.open(folder / name).manifest.status is Status.ACCEPTED:
            found[name] = folder / name
    if not found:
        raise BenchmarkError(f"{folder}: has no accepted {BackendName.ORT_CPU} engine set; run `speechtrt engines`")
    return found


def model_of(engines: dict[str, Path]) -> Bundle:
    """The model that all of these engine sets were built from. Raises BenchmarkError when they differ."""
    models = {name: EngineFolder.open(path).manifest for name, path in engines.items()}
    if len({m.bundle_sha256 for m in models.values()}) > 1:
        raise BenchmarkError(f"{' and '.join(models)} were built from different bundles; build the engines again")
    return next(iter(models.values())).model


def reference_checkpoint(name: str) -> Path:
    """The weights of a reference model that come with the package. Raises BenchmarkError."""
    folder = Path(speechtrt.models.__path__[0]) / "weights" / name
    if not (folder / "config.json").is_file():
        raise BenchmarkError(f"there is no reference model {name!r}; give a checkpoint folder together with --engines")
    return folder


def reference_listener(root: Path) -> Path | None:
    """The reference recogniser in the reference precision below `root`, or None where it is not built."""
    folder = root / CTC / f"{BackendName.ORT_CPU}-{Precision.FP32}"
    return folder if (folder / ENGINE_FILE).is_file() else None

"""The engine set of a reference model that a command uses when it is told none."""

from pathlib import Path

from speechtrt.engine_set import ENGINE_FILE, EngineFolder, Status
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName, Precision
from speechtrt.suspension import read_suspension

ENGINES = Path("build/engines")
VOICE, CTC = "voice", "ctc-medium"


def reference_engines(model: str, root: Path = ENGINES) -> Path:
    """The folder of the best accepted set of `model` that is not suspended: int8, else fp32. Raises ManifestError."""
    for precision in (Precision.INT8, Precision.FP32):
        folder = root / model / f"{BackendName.ORT_CPU}-{precision}"
        if (folder / ENGINE_FILE).is_file() and _trusted(folder):
            return folder
    raise ManifestError(
        f"{root / model}: holds no accepted engine set; run `make engines`, or name another with --engines"
    )


def _trusted(folder: Path) -> bool:
    return EngineFolder.open(folder).manifest.status is Status.ACCEPTED and read_suspension(folder) is None

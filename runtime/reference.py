"""The engine set of a reference model that a command uses when it is told none."""

from pathlib import Path

from speechtrt.engine_set import ENGINE_FILE, EngineFolder, Status
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName, Precision

ENGINES = Path("build/engines")
VOICE, CTC = "voice", "ctc-medium"


def reference_engines(model: str, root: Path = ENGINES) -> Path:
    """The folder of the best accepted set of `model`: int8, else fp32. Raises ManifestError."""
    for precision in (Precision.INT8, Precision.FP32):
        folder = root / model / f"{BackendName.ORT_CPU}-{precision}"
        if (folder / ENGINE_FILE).is_file() and EngineFolder.open(folder).manifest.status is Status.ACCEPTED:
            return folder
    raise ManifestError(
        f"{root / model}: holds no accepted engine set; run `make engines`, or name another with --engines"
    )

"""What a continuous-integration job waits for: builds ahead of time, builds from the cache, validation."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from speechtrt.engine_set import ENGINE_FILE
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.gate.quality import QualityCheck
from speechtrt.engines.validate import Demands, validate_engine_set
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision

AHEAD = (Precision.FP32, Precision.FP16, Precision.INT8)


def build_ahead(bundles: Sequence[Path], report: Callable[[str], None]) -> float:
    """Seconds to build every `tensorrt-rtx` engine set of the bundles with nothing in the cache."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for bundle in bundles:
            for precision in AHEAD:
                out = root / bundle.name / precision
                build_engine_set(
                    bundle, BackendName.TENSORRT_RTX, precision, out, cache=root / "cache", say=lambda _: None
                )
                report(f"{bundle.name}: {BackendName.TENSORRT_RTX} {precision} built")
    return time.perf_counter() - began


def build_warm(bundle: Path) -> float:
    """Seconds of `speechtrt build` when there is nothing to do, the start of Python included."""
    settings = ["--backend", BackendName.ORT_CPU, "--precision", Precision.INT8]
    command = [sys.executable, "-m", "speechtrt", "build", str(bundle), *settings]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise BenchmarkError(f"{bundle}: a warm build failed: {done.stderr.strip()}; run `speechtrt engines` first")
    return seconds


def validate_all(models: Sequence[Path], check: Callable[[], QualityCheck], report: Callable[[str], None]) -> float:
    """Seconds to validate every engine set of the models, speech included. Raises BenchmarkError when one fails."""
    began = time.perf_counter()
    for folder in (entry for model in models for entry in sorted(model.iterdir()) if (entry / ENGINE_FILE).is_file()):
        found = validate_engine_set(folder, Demands(quality=check))
        if not found.passed:
            raise BenchmarkError(
                f"{folder}: {len(found.failures)} checks failed, first {found.failures[0].metric}; "
                f"`speechtrt validate {folder}` lists them"
            )
        report(f"{folder}: {len(found.rows)} checks passed in {found.seconds:.1f} s")
    return time.perf_counter() - began

"""A SpeechT5 of the published size with random weights: how fast it is, when what it says does not matter."""

from pathlib import Path

from speechtrt.artifact import staged_folder
from speechtrt.benchmarks.tts.subject import RANDOM, Subject, find_subject
from speechtrt.bundle import Task
from speechtrt.console import note
from speechtrt.engines.builder import build_engine_set
from speechtrt.export.exporter import ExportRequest, export_bundle
from speechtrt.precision import BackendName, Precision

NAME = "speecht5-random"
SEED = 0
STEPS_PER_CHARACTER = 2.2  # 14 characters a second, at 2 frames of 16 ms a step
VOCODER_STD = 0.02  # the default of 0.01 fades to nothing in 48 layers


def random_subject(build: Path) -> Subject:
    """Checkpoint, bundle and engine sets below `build`, made on first use. Raises ParityError or BuildError."""
    checkpoint = random_checkpoint(build / "checkpoints")
    bundle, engines = build / "bundles" / NAME, build / "engines" / NAME
    note(f"{NAME}: exporting, unless {bundle} is up to date")
    export_bundle(ExportRequest(str(checkpoint), Task.TTS, NAME), bundle)
    for precision in (Precision.FP32, Precision.INT8):
        build_engine_set(bundle, BackendName.ORT_CPU, precision, engines / f"{BackendName.ORT_CPU}-{precision}")
    return find_subject(NAME, str(checkpoint), engines, RANDOM, STEPS_PER_CHARACTER)


def random_checkpoint(root: Path) -> Path:
    """The checkpoint folder below `root`, written on first use from a fixed seed."""
    from transformers import SpeechT5Config, SpeechT5HifiGanConfig

    from speechtrt.benchmarks.tts.checkpoints import write_random

    folder = root / NAME
    if not (folder / "config.json").is_file():
        with staged_folder(folder) as staging:
            write_random(staging, SpeechT5Config(), SpeechT5HifiGanConfig(initializer_range=VOCODER_STD), SEED)
    return folder

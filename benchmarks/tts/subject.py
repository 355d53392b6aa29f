"""What is measured: a checkpoint and the engine sets that were built from it."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.engine_sets import accepted_engines, model_of
from speechtrt.bundle import AudioSpec, TtsSpec
from speechtrt.errors import BenchmarkError
from speechtrt.export.checkpoint import open_checkpoint

TRAINED, RANDOM = "trained weights", "random weights"


@dataclass(frozen=True, slots=True)
class Subject:
    """A checkpoint (folder or hub id) and its engine sets by name, the headline first.

    `rule` is the stop rule of both. `steps_per_character` fixes the length of what is spoken instead of it.
    """

    name: str
    checkpoint: str
    sides: dict[str, Path]
    rule: TtsSpec
    audio: AudioSpec
    weights: str
    steps_per_character: float | None = None


def find_subject(name: str, checkpoint: str, engines: Path, weights: str, steps: float | None) -> Subject:
    """The subject with every accepted engine set below `engines`.

    Raises BenchmarkError, also for engines of other weights than the checkpoint's, CheckpointError or ManifestError.
    """
    sides = accepted_engines(engines)
    model = model_of(sides)
    if model.tts is None:
        raise BenchmarkError(f"{engines}: holds a {model.task} model, expected a tts model; choose other engines")
    if model.source.sha256 != open_checkpoint(checkpoint).sha256():
        raise BenchmarkError(f"{engines}: was built from other weights than {checkpoint} has; build the engines again")
    return Subject(name, checkpoint, sides, model.tts, model.audio, weights, steps)

"""What is measured: the engine sets of one CTC model."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.engine_sets import accepted_engines, model_of
from speechtrt.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class AsrSubject:
    """Engine sets by name, the headline first; `audio` is a folder of recordings, None for the shipped ones."""

    name: str
    weights: str
    sides: dict[str, Path]
    chunks: tuple[int, ...]
    audio: Path | None = None


def find_subject(name: str, engines: Path, audio: Path | None = None) -> AsrSubject:
    """The subject with every accepted engine set below `engines`. Raises BenchmarkError or ManifestError."""
    sides = accepted_engines(engines)
    model = model_of(sides)
    if model.ctc is None:
        raise BenchmarkError(f"{engines}: holds a {model.task} model, expected a ctc model; choose other engines")
    chunks = tuple(chunk.milliseconds for chunk in model.ctc.chunks)
    return AsrSubject(name, "trained weights", sides, chunks, audio)

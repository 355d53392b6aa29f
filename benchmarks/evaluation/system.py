"""What is evaluated: a model in a precision, with a chunk size and a decoder."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import sha256_file
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, Status
from speechtrt.errors import BenchmarkError
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.asr.decoding.options import DecodingOptions


@dataclass(frozen=True, slots=True)
class Decoder:
    """A decoder and what tables call it."""

    name: str
    options: DecodingOptions


@dataclass(frozen=True, slots=True)
class System:
    """`chunk` in milliseconds; None for a model that hears recordings whole."""

    model: str
    engine: str
    decoder: Decoder
    chunk: int | None
    engines: Path

    @property
    def name(self) -> str:
        """Unique within a run, and a key of its summary."""
        chunk = "whole" if self.chunk is None else f"{self.chunk}ms"
        return f"{key(self.model)}.{self.engine}.{self.decoder.name}.{chunk}"

    @property
    def parts(self) -> tuple[str, ...]:
        """What two systems can differ in."""
        return self.model, self.engine, self.decoder.name, str(self.chunk)

    @property
    def fingerprint(self) -> str:
        """sha256 of everything that decides what it writes down."""
        options = self.decoder.options
        model = sha256_file(options.lm) if options.lm else ""
        parts = (sha256_file(self.engines / ENGINE_FILE), str(self.chunk), options.name, model, repr(options.hot_words))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def key(name: str) -> str:
    """`name` as a part of a summary's keys."""
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-") or "none"


def find_systems(
    root: Path,
    models: Sequence[str],
    precisions: Sequence[Precision],
    decoders: Sequence[Decoder],
    chunks: Sequence[int] = (),
) -> tuple[System, ...]:
    """Every combination; without `chunks` the largest of each model. Raises BenchmarkError or ManifestError."""
    return tuple(
        System(model, folder.manifest.engine, decoder, chunk, folder.path)
        for model in models
        for folder in (_accepted(root / model / f"{BackendName.ORT_CPU}-{one}") for one in precisions)
        for chunk in _chosen(folder, chunks)
        for decoder in decoders
    )


def _accepted(path: Path) -> EngineFolder:
    if not (path / ENGINE_FILE).is_file():
        raise BenchmarkError(f"{path}: there is no engine set; build it, or choose another model or precision")
    folder = EngineFolder.open(path)
    if folder.manifest.model.ctc is None:
        raise BenchmarkError(f"{path}: holds a {folder.manifest.model.task} model; expected one that hears")
    if folder.manifest.status is not Status.ACCEPTED:
        raise BenchmarkError(f"{path}: {folder.manifest.status}; evaluate the precision that it fell back to")
    return folder


def _chosen(folder: EngineFolder, chunks: Sequence[int]) -> Iterator[int | None]:
    ctc = folder.manifest.model.ctc
    assert ctc is not None
    known = [chunk.milliseconds for chunk in ctc.chunks]
    unknown = [chunk for chunk in chunks if chunk not in known]
    if known and unknown:
        raise BenchmarkError(f"{folder.path}: has no chunk of {unknown[0]} ms; it has {', '.join(map(str, known))}")
    yield from (chunks or known[-1:]) if known else [None]

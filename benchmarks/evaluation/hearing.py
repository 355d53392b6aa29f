"""One system in a process of its own, so that memory is its own and a crash stays its own."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.evaluation.system import System
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.errors import AudioError
from speechtrt.runtime.asr.opening import RecordingTranscriber, open_transcriber

SLOTS = 16
FRAME = 0.02  # seconds over which energy is taken
QUIET, LOUD = 10, 90  # percentiles of a recording's frames that are noise, and speech


@dataclass(frozen=True, slots=True)
class HeardAudio:
    """What came of one file; `text` None says that it could not be read."""

    text: str | None
    audio_seconds: float = 0.0
    decibels: float = 0.0


@dataclass(frozen=True, slots=True)
class HeardBatch:
    """Files in their order, and the seconds that hearing took without reading them."""

    files: tuple[HeardAudio, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class HeardAlone:
    """Seconds for each file by itself, and the most memory that the process has had until then."""

    seconds: tuple[float, ...]
    peak_bytes: int


@dataclass(frozen=True, slots=True)
class HearingSide:
    """How to start a system's process."""

    system: System

    def __call__(self) -> "Hearing":
        """Opened and warmed up."""
        system = self.system
        hearing = Hearing(open_transcriber(system.engines, system.chunk or 0, SLOTS, system.decoder.options))
        hearing.texts([Audio(np.zeros(16_000, np.float32), 16_000)])
        return hearing


@dataclass(frozen=True, slots=True)
class Hearing:
    """An open transcriber."""

    transcriber: RecordingTranscriber

    def texts(self, audios: Sequence[Audio]) -> list[str]:
        """What is said in each."""
        found = {done.index: done.transcript.text for done in self.transcriber.completions(audios)}
        return [found[index] for index in range(len(audios))]

    def hear(self, paths: Sequence[Path]) -> HeardBatch:
        """All files as one batch."""
        audios = [_read(path) for path in paths]
        readable = [audio for audio in audios if audio is not None]
        began = time.perf_counter()
        texts = iter(self.texts(readable))
        seconds = time.perf_counter() - began
        files = (HeardAudio(next(texts), a.seconds, signal_to_noise(a)) if a else HeardAudio(None) for a in audios)
        return HeardBatch(tuple(files), seconds)

    def alone(self, paths: Sequence[Path]) -> list[float]:
        """Seconds for each file by itself."""
        spent = []
        for audio in filter(None, map(_read, paths)):
            began = time.perf_counter()
            self.texts([audio])
            spent.append(time.perf_counter() - began)
        return spent


@dataclass(frozen=True, slots=True)
class HearFiles:
    """A batch in the child."""

    paths: tuple[Path, ...]

    def __call__(self, hearing: Hearing) -> HeardBatch:
        """Hear them together."""
        return hearing.hear(self.paths)


@dataclass(frozen=True, slots=True)
class HearAlone:
    """Files one by one in the child."""

    paths: tuple[Path, ...]

    def __call__(self, hearing: Hearing) -> HeardAlone:
        """Measure."""
        return HeardAlone(tuple(hearing.alone(self.paths)), peak_bytes())


def signal_to_noise(audio: Audio) -> float:
    """Decibels between a recording's loud and quiet frames: an estimate, without knowing what is speech."""
    size = max(1, round(FRAME * audio.rate))
    count = len(audio.samples) // size
    if count < 2:
        return 0.0
    energy = (audio.samples[: count * size].reshape(count, size).astype(np.float64) ** 2).mean(1) + 1e-12
    quiet, loud = np.percentile(energy, (QUIET, LOUD))
    return float(10 * np.log10(loud / quiet))


def _read(path: Path) -> Audio | None:
    try:
        return read_audio(path)
    except AudioError:
        return None

"""What the speech-to-text benchmark hears, and in which arrangements."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from speechtrt.audio import Audio, read_audio
from speechtrt.models.evaluation.utterances import evaluation_utterances

ARRIVAL = "offline: all recordings are at hand at time 0; `batch` are heard at once, shared among one thread per core"
BATCHES = (1, 4, 16)
QUICK_BATCHES = (1, 4)
QUICK_UTTERANCES = 6
PASS_SECONDS = 4.0  # of work at least: shorter passes are less steady, whatever a machine or an arrangement takes


@dataclass(frozen=True, slots=True)
class Cell:
    """One arrangement: the chunk in milliseconds and the number of recordings heard at once."""

    chunk: int
    batch: int

    @property
    def name(self) -> str:
        """As it appears in the summary's keys."""
        return f"chunk_{self.chunk}.batch_{self.batch}"


@dataclass(frozen=True, slots=True)
class AsrLoad:
    """The load of a speech-to-text result, as its document states it."""

    model: str
    weights: str
    utterances: int
    pass_seconds: float
    audio_seconds: float
    words: int
    arrival: str
    batches: tuple[int, ...]
    chunks: tuple[int, ...]
    threads: int
    trials: int


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that was read, and what is said in it."""

    text: str
    audio: Audio


def recordings(folder: Path | None, quick: bool) -> tuple[Recording, ...]:
    """The evaluation recordings of the package or of `folder`; a few when `quick`. Raises DataError or AudioError."""
    found = evaluation_utterances(folder)
    return tuple(Recording(u.text, read_audio(u.path)) for u in (found[:QUICK_UTTERANCES] if quick else found))


def pass_seconds(quick: bool) -> float:
    """How long a pass hears the recordings, again and again, before it ends with the last."""
    return 0.0 if quick else PASS_SECONDS


def cells(chunks: tuple[int, ...], quick: bool) -> Iterator[Cell]:
    """Every arrangement of these chunks."""
    for chunk in chunks:
        for batch in QUICK_BATCHES if quick else BATCHES:
            yield Cell(chunk, batch)

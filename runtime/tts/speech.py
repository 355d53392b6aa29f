"""What is asked of a synthesizer, and what it answers."""

from dataclasses import dataclass

from speechtrt.audio import Audio


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """How many frames are turned into sound at once: `first`, then `growth` times more each time, up to `largest`."""

    first: int
    growth: int
    largest: int


INTERACTIVE = ChunkPlan(first=24, growth=8, largest=512)  # sound begins while the decoder still runs
BULK = ChunkPlan(first=512, growth=1, largest=512)  # the least work: most utterances in one piece


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A text to speak. `voice` None is the first voice of the model.

    `steps` replaces the stop rule by a fixed number of decoder steps (per sentence), for models with random weights.
    """

    text: str
    voice: str | None = None
    seed: int = 0
    steps: int | None = None
    plan: ChunkPlan = BULK


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text. `steps` are decoder steps; times count from the moment the request was submitted."""

    audio: Audio
    steps: int
    first_audio_seconds: float
    total_seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """The speech of request number `index`, finished `seconds` after it was submitted."""

    index: int
    speech: Speech

    @property
    def seconds(self) -> float:
        """Time from submission to the last sample."""
        return self.speech.total_seconds

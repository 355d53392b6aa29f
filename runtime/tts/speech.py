"""What is asked of a synthesizer, and what it answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from speechtrt.audio import Audio, Samples


@dataclass(frozen=True, slots=True)
class ChunkPlan:
    """How many frames are turned into sound at once: `first`, then `growth` times more each time, up to `largest`."""

    first: int
    growth: int
    largest: int

    @property
    def live(self) -> bool:
        """Whether somebody listens while it is made."""
        return self.first < self.largest

    def sizes(self) -> Iterator[int]:
        """Frames of one chunk after the other, without end."""
        size = self.first
        while True:
            yield size
            size = min(size * self.growth, self.largest)

    def milestones(self, lookahead: int) -> Iterator[int]:
        """At how many frames each chunk can be made, with `lookahead` frames after it."""
        return (border + lookahead for border in accumulate(self.sizes()))


INTERACTIVE = ChunkPlan(first=12, growth=3, largest=512)  # sound begins while the decoder still runs
BULK = ChunkPlan(first=512, growth=1, largest=512)  # the least work: most utterances in one piece


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """A text to speak. `voice` None is the first voice of the model, `language` None any that it speaks.

    `steps` replaces the stop rule by a fixed number of decoder steps (per sentence), for models with random weights.
    `deadline_seconds` count from submission; a request that is not finished by then is given up.
    """

    text: str
    voice: str | None = None
    seed: int = 0
    steps: int | None = None
    plan: ChunkPlan = BULK
    language: str | None = None
    deadline_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class SpeechChunk:
    """Part number `index` of a speech: `samples` [n] float32; all parts joined are the speech."""

    index: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken text. `steps` are decoder steps; times count from the moment the request was submitted."""

    audio: Audio
    steps: int
    first_audio_seconds: float
    total_seconds: float
    warnings: tuple[str, ...] = ()

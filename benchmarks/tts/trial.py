"""What one trial of one side measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from speechtrt.benchmarks.tts.load import Utterance


@dataclass(frozen=True, slots=True)
class Single:
    """An utterance spoken with the machine to itself."""

    utterance: int
    latency_seconds: float
    first_audio_seconds: float


@dataclass(frozen=True, slots=True)
class TtsTrial:
    """All utterances queued at time 0, then some of them one at a time.

    `latency_seconds` and `audio_seconds` follow the order of the texts. `stage_seconds` adds up to `wall_seconds`.
    `batch_fill` is the mean share of slots in use over decoder steps; `foreign_share` the share of all cores that
    other processes used meanwhile.
    """

    side: str
    wall_seconds: float
    cpu_seconds: float
    foreign_share: float
    latency_seconds: tuple[float, ...]
    audio_seconds: tuple[float, ...]
    stage_seconds: dict[str, float]
    batch_fill: float
    decoder_steps: int
    singles: tuple[Single, ...]

    @property
    def throughput(self) -> float:
        """Utterances per second."""
        return len(self.latency_seconds) / self.wall_seconds

    @property
    def audio_throughput(self) -> float:
        """Seconds of audio per second."""
        return sum(self.audio_seconds) / self.wall_seconds


class Speaker(Protocol):
    """One side of the comparison, alive in a process of its own."""

    def warm_up(self, utterances: Sequence[Utterance]) -> None:
        """Speak a little, unmeasured."""

    def speak(self, utterances: tuple[Utterance, ...], alone: tuple[int, ...]) -> TtsTrial:
        """One trial: everything at once, then the utterances `alone` one at a time."""

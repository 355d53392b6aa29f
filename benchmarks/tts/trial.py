"""What one trial of one side in one scenario measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from speechtrt.benchmarks.tts.arrival import Arrival
from speechtrt.benchmarks.tts.load import Utterance

BASELINE, UNCACHED = "baseline", "eager-uncached"  # sides; the others are named after their engines


@dataclass(frozen=True, slots=True)
class Served:
    """One request: number of its utterance, when it came, and seconds from then on. `audio_seconds` were spoken."""

    utterance: int
    arrival_seconds: float
    latency_seconds: float
    audio_seconds: float
    first_audio_seconds: float
    longest_gap_seconds: float = 0.0
    underrun_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Round:
    """What is to be spoken in one trial; `interactive` asks for sound as early as possible, at the cost of work."""

    scenario: str
    utterances: tuple[Utterance, ...]
    arrival: Arrival
    interactive: bool = False


@dataclass(frozen=True, slots=True)
class TtsTrial:
    """One round. Of a closed load of several users only the steady part counts, from the first speech that ended to the
    last that was asked for.

    `stage_seconds` may add up to more than `wall_seconds` where stages overlap. `batch_fill` is the mean share of slots
    in use over decoder steps; `foreign_share` the share of all cores that other processes used meanwhile.
    `scheduler_own_seconds` is the part of the scheduler's time in which its thread had a core. The figures of GPUs are
    of the whole round, and None where there is no GPU.
    """

    scenario: str
    side: str
    wall_seconds: float
    cpu_seconds: float
    foreign_share: float
    stage_seconds: dict[str, float]
    batch_fill: float
    decoder_steps: int
    requests: tuple[Served, ...]
    scheduler_own_seconds: float = 0.0
    gpu_utilisation: float | None = None
    gpu_memory_bytes: int | None = None

    @property
    def throughput(self) -> float:
        """Utterances per second."""
        return len(self.requests) / self.wall_seconds

    @property
    def audio_throughput(self) -> float:
        """Seconds of audio per second."""
        return sum(r.audio_seconds for r in self.requests) / self.wall_seconds


class Speaker(Protocol):
    """One side of the comparison, alive in a process of its own."""

    def warm_up(self, utterances: Sequence[Utterance]) -> None:
        """Speak a little, unmeasured."""

    def speak(self, work: Round) -> TtsTrial:
        """One trial."""

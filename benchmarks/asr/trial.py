"""What one pass of one engine set in one arrangement measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AsrTrial:
    """All recordings heard, several times where that is quick.

    `batch_fill` is the mean share of a worker's slots that had a chunk to hear. Stages add up to the time of all
    workers.
    """

    side: str
    chunk_milliseconds: int
    batch: int
    audio_seconds: float
    wall_seconds: float
    cpu_seconds: float
    foreign_share: float
    stage_seconds: dict[str, float]
    batch_fill: float
    word_error_rate: float
    character_error_rate: float

    @property
    def real_time_factor(self) -> float:
        """Seconds of work per second of audio."""
        return self.wall_seconds / self.audio_seconds

    @property
    def key(self) -> str:
        """Prefix of its numbers in the summary."""
        return f"{self.side}.chunk_{self.chunk_milliseconds}.batch_{self.batch}"

"""What one pass over the recordings with one way of decoding measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DecodingTrial:
    """All recordings heard once, by one thread. `decoding_seconds` includes endpoints and words."""

    decoding: str
    chunk_milliseconds: int
    wall_seconds: float
    cpu_seconds: float
    foreign_share: float
    encoder_seconds: float
    decoding_seconds: float
    word_error_rate: float
    character_error_rate: float
    dialects: dict[str, float]

    @property
    def key(self) -> str:
        """Prefix of its numbers in the summary."""
        return f"{self.decoding}.chunk_{self.chunk_milliseconds}"

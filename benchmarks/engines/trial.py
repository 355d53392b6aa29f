"""The document's rows: timed stages and timed chores."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnginesLoad:
    """Models whose engine sets were timed, and how: `rounds` paired runs of one thread a trial."""

    models: tuple[str, ...]
    batches: tuple[int, ...]
    rounds: int
    trials: int


@dataclass(frozen=True, slots=True)
class StageTrial:
    """CPU seconds of one run of a stage with `batch` rows, in turns with the reference precision's.

    `ratio` is the median over paired rounds, not the quotient of both medians.
    """

    model: str
    side: str
    stage: str
    batch: int
    seconds: float
    reference_seconds: float
    ratio: float
    foreign_share: float

    @property
    def key(self) -> str:
        """Where its numbers stand in the summary."""
        return f"{self.model}.{self.side}.{self.stage}.batch_{self.batch}"

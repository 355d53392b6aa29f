"""How far a training is, and the learning rate there: linear warm-up, then a cosine to zero."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The end of a training: a number of steps, or minutes of wall time (the first to be reached when both)."""

    steps: int | None = None
    minutes: float | None = None

    def progress(self, step: int, seconds: float) -> float:
        """0 at the start, 1 at the end."""
        shares = [0.0]
        if self.steps is not None:
            shares.append(step / self.steps)
        if self.minutes is not None:
            shares.append(seconds / (60 * self.minutes))
        return min(1.0, max(shares))


@dataclass(frozen=True, slots=True)
class LearningRate:
    """Peak learning rate, steps of linear warm-up, and the share of the peak that remains at the end."""

    peak: float
    warmup_steps: int
    floor: float = 0.0

    def at(self, step: int, progress: float) -> float:
        """The learning rate for update number `step`."""
        warmup = min(1.0, (step + 1) / max(1, self.warmup_steps))
        cosine = 0.5 * (1 + math.cos(math.pi * progress))
        return self.peak * warmup * (self.floor + (1 - self.floor) * cosine)

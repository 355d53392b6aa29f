"""One sentence on its way from tokens to frames: its randomness, its frames so far, and when it ends."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.backends.base import Array

Frames = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepLimits:
    """An utterance has at least `least` and at most `most` decoder steps."""

    least: int
    most: int

    @classmethod
    def of(cls, tokens: int, spec: TtsSpec, limits: Limits) -> "StepLimits":
        """The stop rule's bounds for a text of `tokens` tokens."""
        most = min(int(tokens * spec.max_ratio / spec.reduction), limits.max_frames // spec.reduction)
        return cls(min(int(tokens * spec.min_ratio / spec.reduction), most), max(1, most))

    @classmethod
    def fixed(cls, steps: int, spec: TtsSpec, limits: Limits) -> "StepLimits":
        """Exactly `steps` steps, as far as the model's limit allows."""
        steps = max(1, min(steps, limits.max_frames // spec.reduction))
        return cls(steps, steps)


@dataclass(frozen=True, slots=True)
class DropoutMasks:
    """The prenet's dropout, drawn step by step from the utterance's own generator, whoever shares the batch."""

    generator: np.random.Generator
    rate: float

    @classmethod
    def seeded(cls, seed: int, part: int, rate: float) -> "DropoutMasks":
        """Masks of part number `part` of a request; the same for the same arguments on every machine."""
        return cls(np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, part)))), rate)

    def draw(self, out: Array) -> None:
        """Fill `out` [layers, units] with 0 and 1/(1-rate). As in transformers, `rate` is how many units are kept."""
        kept = self.generator.random(out.shape, dtype=np.float32) < self.rate
        np.multiply(kept, 1.0 / (1.0 - self.rate), out=out, casting="unsafe")


@dataclass(slots=True, eq=False)
class Utterance:
    """A sentence that is being decoded. `tokens` int64 [text_len], `speaker` float32 [speaker_dim]."""

    tokens: Array
    speaker: Array
    limits: StepLimits
    masks: DropoutMasks
    threshold: float
    reduction: int
    steps: int = 0
    finished: bool = False
    cut: bool = False  # ended by the length limit, not by the model
    _frames: Frames = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def frames(self) -> Frames:
        """Frames so far [steps * reduction, mels]."""
        return self._frames[: self.steps * self.reduction]

    def take(self, frames: Array, stop: Array) -> None:
        """Append one step's `frames` [reduction, mels] and apply the stop rule to `stop` [reduction]."""
        start = self.steps * self.reduction
        self._reserve(start + self.reduction, frames.shape[-1])
        self._frames[start : start + self.reduction] = frames
        self.steps += 1
        stopped = self.steps >= self.limits.least and float(stop.sum()) >= self.threshold
        self.cut = not stopped and self.steps >= self.limits.most and self.limits.least < self.limits.most
        self.finished = stopped or self.steps >= self.limits.most

    def _reserve(self, count: int, mels: int) -> None:
        if count > len(self._frames):
            grown = np.zeros((max(256, 2 * count), mels), np.float32)
            grown[: len(self._frames)] = self._frames.reshape(-1, mels)
            self._frames = grown

"""One sentence on its way from tokens to frames: its randomness, its frames so far, and when it ends."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.ending import Ending, runaway

STABLE_STEPS = 2
SUSPICIOUS_STEPS = 16  # between two looks at a sentence that is longer than its text explains
SUSPICIOUS_SHARE = 0.4  # of the most steps; slow speakers stay below
USUAL_SHARE = 0.2  # of the most steps, which is about what speakers need
DRAWN_STEPS = 32

Frames = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepLimits:
    """An utterance has at least `least` and at most `most` decoder steps."""

    least: int
    most: int

    @property
    def suspicious(self) -> int:
        """From this step on the sentence is longer than its text explains."""
        return max(self.least, int(self.most * SUSPICIOUS_SHARE))

    @property
    def usual(self) -> int:
        """About as many steps as the text needs."""
        return max(self.least, int(self.most * USUAL_SHARE))

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


@dataclass(slots=True)
class DropoutMasks:
    """The prenet's dropout, drawn from the utterance's own generator, whoever shares the batch; many steps at once."""

    generator: np.random.Generator
    rate: float
    _block: Frames = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))  # [steps, layers, units]
    _used: int = 0

    @classmethod
    def seeded(cls, seed: int, part: int, rate: float) -> "DropoutMasks":
        """Masks of part number `part` of a request; the same for the same arguments on every machine."""
        return cls(np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, part)))), rate)

    def draw(self, out: Array) -> None:
        """Fill `out` [layers, units] with 0 and 1/(1-rate). As in transformers, `rate` is how many units are kept."""
        if self._used == len(self._block):
            self._refill(out.shape)
        out[...] = self._block[self._used]
        self._used += 1

    def _refill(self, shape: tuple[int, ...]) -> None:
        if len(self._block) == 0:
            self._block = np.empty((DRAWN_STEPS, *shape), np.float32)
        self.generator.random(dtype=np.float32, out=self._block)
        np.multiply(self._block < self.rate, 1.0 / (1.0 - self.rate), out=self._block, casting="unsafe")
        self._used = 0


@dataclass(slots=True, eq=False)
class Utterance:
    """A sentence that is being decoded. `tokens` int64 [text_len], `speaker` float32 [speaker_dim].

    It ends where the stop rule holds for STABLE_STEPS steps in a row: at the first of them, as the model says.
    """

    tokens: Array
    speaker: Array
    limits: StepLimits
    masks: DropoutMasks
    threshold: float
    reduction: int
    steps: int = 0
    ending: Ending | None = None
    _stops: int = 0  # steps in a row that said stop
    _frames: Frames = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def finished(self) -> bool:
        """Whether there will be no more frames."""
        return self.ending is not None

    @property
    def frames(self) -> Frames:
        """Frames so far [steps * reduction, mels]."""
        return self._frames[: self.steps * self.reduction]

    def take(self, frames: Array, stop: float) -> None:
        """Append one step's `frames` [reduction, mels]; `stop` is the sum of its stop probabilities."""
        start = self.steps * self.reduction
        self._reserve(start + self.reduction, frames.shape[-1])
        self._frames[start : start + self.reduction] = frames
        self.steps += 1
        self._stops = self._stops + 1 if self.steps >= self.limits.least and stop >= self.threshold else 0
        self.ending = self._judge()
        if self.ending is Ending.STOP:
            self.steps -= self._stops - 1

    def _judge(self) -> Ending | None:
        if self._stops == STABLE_STEPS:
            return Ending.STOP
        if self.steps >= self.limits.most:
            fixed = self.limits.least == self.limits.most
            return Ending.STEPS if fixed else Ending.STOP if self._stops else Ending.LENGTH
        if self.steps >= self.limits.suspicious and self.steps % SUSPICIOUS_STEPS == 0:
            return runaway(self.frames)
        return None

    def _reserve(self, count: int, mels: int) -> None:
        if count > len(self._frames):
            grown = np.zeros((max(256, 2 * count), mels), np.float32)
            grown[: len(self._frames)] = self._frames.reshape(-1, mels)
            self._frames = grown

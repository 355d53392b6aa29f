"""One sentence on its way from tokens to frames: its frames so far, and when it ends."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.ending import Ending, runaway

STABLE_STEPS = 2
SUSPICIOUS_STEPS = 16  # between two looks at a sentence that is longer than its text explains
SUSPICIOUS_SHARE = 0.4  # of the most steps; slow speakers stay below
LEAST_ROOM = 128  # steps for which a sentence keeps room
USUAL_SHARE = 0.2  # of the most steps, which is about what speakers need

Frames = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class StepLimits:
    """An utterance has at least `least` and at most `most` decoder steps."""

    least: int
    most: int

    @property
    def exact(self) -> bool:
        """Whether the number of steps is fixed, whatever the model says."""
        return self.least == self.most

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


@dataclass(slots=True, eq=False)
class Utterance:
    """A sentence that is being decoded. `tokens` int64 [text_len], `speaker` float32 [speaker_dim].

    It ends where the stop rule holds for STABLE_STEPS steps in a row: at the first of them, as the model says. It must
    `take` its frames as soon as it is `due`, and when stop probabilities added up to `bar` so often. `milestones`
    are numbers of frames, in order, for which somebody waits.
    """

    tokens: Array
    speaker: Array
    limits: StepLimits
    masks: DropoutMasks
    threshold: float
    reduction: int
    milestones: Iterator[int]
    steps: int = 0
    ending: Ending | None = None
    _milestone: int = 0
    _frames: Frames = field(default_factory=lambda: np.zeros((0, 0, 0), np.float32))  # [steps, reduction, mels]

    def __post_init__(self) -> None:
        self._milestone = next(self.milestones)

    @property
    def finished(self) -> bool:
        """Whether there will be no more frames."""
        return self.ending is not None

    @property
    def frames(self) -> Frames:
        """Frames so far [steps * reduction, mels]."""
        taken = self._frames[: self.steps]
        return taken.reshape(len(taken) * self.reduction, taken.shape[-1])

    @property
    def due(self) -> int:
        """The step after which its frames must be taken, whatever the model says."""
        limits, following = self.limits, self.steps + 1
        looks = [
            _rounded_up(max(following, limits.suspicious), SUSPICIOUS_STEPS),
            -(-self._milestone // self.reduction),
            limits.most,
        ]
        if following < limits.least and not limits.exact:
            looks.append(limits.least - 1)  # from the next step on, stops count
        return min(looks)

    @property
    def bar(self) -> float:
        """The sum of stop probabilities that would count at the next step."""
        counts = self.steps + 1 >= self.limits.least and not self.limits.exact
        return self.threshold if counts else math.inf

    def take(self, frames: Array, stops: int) -> bool:
        """Append the `frames` [steps, reduction, mels] since the last call; whether a milestone was among them.

        At the last `stops` steps in a row, stop probabilities added up to the bar.
        """
        reached = self._append(frames)
        self.ending = self._judge(stops)
        if self.ending is Ending.STOP:
            self.steps -= stops - 1
        return reached

    def _judge(self, stops: int) -> Ending | None:
        if stops >= STABLE_STEPS:
            return Ending.STOP
        if self.steps >= self.limits.most:
            return Ending.STEPS if self.limits.exact else Ending.STOP if stops else Ending.LENGTH
        if self.steps >= self.limits.suspicious and self.steps % SUSPICIOUS_STEPS == 0:
            return runaway(self.frames)
        return None

    def _append(self, frames: Array) -> bool:
        start, self.steps = self.steps, self.steps + len(frames)
        if self.steps > len(self._frames):
            grown = np.empty((max(LEAST_ROOM, 2 * self.steps), *frames.shape[1:]), np.float32)
            grown[:start] = self._frames[:start].reshape(start, *frames.shape[1:])
            self._frames = grown
        self._frames[start : self.steps] = frames
        there = self.steps * self.reduction
        reached = self._milestone <= there
        while self._milestone <= there:
            self._milestone = next(self.milestones)
        return reached


def _rounded_up(steps: int, grain: int) -> int:
    return -(-steps // grain) * grain

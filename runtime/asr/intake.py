"""What a client sends, on its way to the model: bytes or samples of any rate in, samples of the model's rate out."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Samples
from speechtrt.runtime.asr.pcm import Encoding, PcmReader, as_samples
from speechtrt.runtime.asr.resampler import Resampler

Pcm = bytes | bytearray | memoryview | npt.NDArray[Any]


@dataclass(slots=True)
class Intake:
    """One stream's decoder of bytes and resampler to `rate` Hz. `encoding` is that of bytes; arrays need none."""

    rate: int
    encoding: Encoding = Encoding.PCM16
    _reader: PcmReader = field(init=False)
    _resampler: Resampler = field(init=False)
    _samples: int = 0  # at the rate they came with
    _source: int = 1

    def __post_init__(self) -> None:
        self._reader = PcmReader(self.encoding)
        self._resampler = Resampler(self.rate)

    @property
    def seconds(self) -> float:
        """How much audio came in."""
        return round(self._samples / self._source, 3)

    def push(self, pcm: Pcm, rate: int) -> Samples:
        """Samples at the model's rate that are complete by now. Raises AudioError; the stream then goes on without."""
        samples = as_samples(pcm) if isinstance(pcm, np.ndarray) else self._reader.read(bytes(pcm))
        resampled = self._resampler.push(samples, rate)
        self._samples, self._source = self._samples + len(samples), rate
        return resampled

    def end(self) -> Samples:
        """What the resampler still holds. Raises AudioError when the last sample is incomplete."""
        self._reader.end()
        return self._resampler.end()

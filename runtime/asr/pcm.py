"""Bytes of a wire or a file as samples, cut anywhere."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Samples
from speechtrt.errors import AudioError

Plain = npt.NDArray[np.int16] | Samples  # samples [n], int16 or in [-1, 1]


class Encoding(StrEnum):
    """How samples are written as bytes; little-endian where that matters."""

    PCM16 = "pcm16"
    FLOAT32 = "float32"
    MULAW = "mulaw"
    ALAW = "alaw"


FULL_SCALE = np.float32(1 / 32768)
LOUDEST = 65_536.0  # floats that were not scaled down are still heard; beyond, features overflow
WIDTHS = {Encoding.PCM16: 2, Encoding.FLOAT32: 4, Encoding.MULAW: 1, Encoding.ALAW: 1}


@dataclass(slots=True)
class PcmReader:
    """Samples of a stream of bytes; a sample may be cut by the end of a piece."""

    encoding: Encoding
    _rest: bytes = b""

    def read(self, data: bytes) -> Samples:
        """The samples [n] in [-1, 1] that are complete by now."""
        return as_samples(self.plain(data))

    def plain(self, data: bytes) -> Plain:
        """The same [n] with as little work as may be: int16 stays what it is."""
        whole = self._rest + data if self._rest else bytes(data)
        used = len(whole) - len(whole) % WIDTHS[self.encoding]
        self._rest = whole[used:]
        return _plain(whole[:used], self.encoding)

    def end(self) -> None:
        """Raises AudioError when the last sample is cut."""
        if self._rest:
            raise AudioError(
                f"the stream ended {len(self._rest)} bytes into a sample; expected whole {self.encoding} samples of "
                f"{WIDTHS[self.encoding]} bytes, so check the encoding"
            )


def as_samples(pcm: npt.NDArray[Any]) -> Samples:
    """Mono float or int16 samples [n] as float32 in [-1, 1]. Raises AudioError, also for NaN and what is no sound."""
    if pcm.ndim == 1 and pcm.dtype == np.int16:
        scaled: Samples = np.multiply(pcm, FULL_SCALE, dtype=np.float32)
        return scaled
    if pcm.ndim != 1 or pcm.dtype.kind != "f":
        raise AudioError(f"found samples of {pcm.dtype} {pcm.shape}; expected mono float in [-1, 1] or int16, [n]")
    if not (_energy(pcm) <= LOUDEST or np.abs(pcm).max(initial=0.0) <= LOUDEST):  # NaN is not, either
        raise AudioError(f"found NaN, infinite or deafening samples; expected values in [-1, 1], at most {LOUDEST:g}")
    return pcm.astype(np.float32, copy=False)


def _energy(pcm: npt.NDArray[Any]) -> Any:
    """The sum of squares, which lets go of the interpreter's lock but once; no sample is louder than its root."""
    with np.errstate(over="ignore", invalid="ignore"):
        return pcm.dot(pcm)


def _plain(data: bytes, encoding: Encoding) -> Plain:
    match encoding:
        case Encoding.PCM16:
            return np.frombuffer(data, "<i2")
        case Encoding.FLOAT32:
            return np.frombuffer(data, "<f4")
        case Encoding.MULAW:
            return _mulaw()[np.frombuffer(data, np.uint8)]
        case Encoding.ALAW:
            return _alaw()[np.frombuffer(data, np.uint8)]


@cache
def _mulaw() -> Samples:
    """ITU-T G.711 mu-law: inverted bits; sign, 3 bits of exponent, 4 of mantissa."""
    code = ~np.arange(256, dtype=np.uint8)
    magnitude = (((code & 0x0F).astype(np.int32) << 3) + 0x84 << (code >> 4 & 7)) - 0x84
    return (np.where(code & 0x80, -magnitude, magnitude) / 32768).astype(np.float32)


@cache
def _alaw() -> Samples:
    """ITU-T G.711 A-law: even bits inverted; sign, 3 bits of exponent, 4 of mantissa."""
    code = np.arange(256, dtype=np.uint8) ^ 0x55
    mantissa, exponent = (code & 0x0F).astype(np.int32), (code >> 4 & 7).astype(np.int32)
    step = (mantissa << 4) + 8
    magnitude = np.where(exponent == 0, step, step + 0x100 << np.maximum(exponent, 1) - 1)
    return (np.where(code & 0x80, magnitude, -magnitude) / 32768).astype(np.float32)

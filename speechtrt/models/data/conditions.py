"""What happens to speech between mouth and recogniser: noise, a room, a narrow band; each drawn from a seed."""

import random
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Audio, Samples


class Noise(Enum):
    """Colours of noise, by the power of the frequency that its amplitude falls with."""

    WHITE = 0.0
    PINK = 0.5
    BROWN = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """Signal-to-noise ratio in dB, reverberation time in seconds, pass band in Hz; None where there is none of it."""

    seed: int = 0
    noise: Noise = Noise.PINK
    snr: float | None = None
    reverberation: float | None = None
    band: tuple[float, float] | None = None

    @property
    def label(self) -> str:
        """A short account for manifests."""
        parts = [
            f"{self.noise.name.lower()} noise {self.snr:g} dB" if self.snr is not None else "",
            f"room {self.reverberation:g} s" if self.reverberation is not None else "",
            f"band {self.band[0]:g}-{self.band[1]:g} Hz" if self.band is not None else "",
        ]
        return ", ".join(part for part in parts if part) or "clean"

    def apply(self, audio: Audio) -> Audio:
        """The same speech under this condition; as long as before, no louder than full scale."""
        rng = np.random.default_rng(self.seed)
        samples: npt.NDArray[np.float64] = audio.samples.astype(np.float64)
        if self.reverberation is not None:
            samples = _reverberate(samples, self.reverberation, audio.rate, rng)
        if self.snr is not None:
            samples = samples + _noise(samples, self.snr, self.noise, rng)
        if self.band is not None:
            samples = _band_limit(samples, self.band, audio.rate)
        return Audio(_unclipped(samples), audio.rate)


CLEAN = Condition()
BANDS = ((300.0, 3400.0), (150.0, 5000.0), (80.0, 3800.0))


def random_condition(rng: random.Random) -> Condition:
    """Two utterances in five stay clean; the others get noise, a room or a band, sometimes several."""
    seed, colour = rng.randrange(2**32), rng.choice(tuple(Noise))
    if rng.random() < 0.4:
        return CLEAN
    noisy, echoing, narrow = rng.random() < 0.6, rng.random() < 0.4, rng.random() < 0.25
    return Condition(
        seed,
        colour,
        snr=round(rng.uniform(8, 30), 1) if noisy else None,
        reverberation=round(rng.uniform(0.15, 0.6), 2) if echoing else None,
        band=rng.choice(BANDS) if narrow else None,
    )


def _reverberate(
    samples: npt.NDArray[np.float64], seconds: float, rate: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Convolve with a direct sound and a tail of noise that falls by 60 dB in `seconds` (Moorer 1979)."""
    time = np.arange(int(seconds * rate)) / rate
    tail = rng.standard_normal(len(time)) * 10 ** (-3 * time / seconds)
    tail *= 0.5 / np.sqrt(np.square(tail).sum())
    tail[0] = 1.0
    size = len(samples) + len(tail)
    wet: npt.NDArray[np.float64] = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(tail, size), size)
    return wet[: len(samples)]


def _noise(
    samples: npt.NDArray[np.float64], snr: float, colour: Noise, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.standard_normal(len(samples)))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1.0) ** colour.value
    noise: npt.NDArray[np.float64] = np.fft.irfft(spectrum, len(samples))
    return noise * (_rms(samples) * 10 ** (-snr / 20) / max(1e-9, _rms(noise)))


def _rms(samples: npt.NDArray[np.float64]) -> float:
    return float(np.sqrt(np.square(samples).mean()))


def _band_limit(samples: npt.NDArray[np.float64], band: tuple[float, float], rate: int) -> npt.NDArray[np.float64]:
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / rate)
    low, high = band
    gain = 1 / np.sqrt(1 + (low / np.maximum(frequency, 1e-3)) ** 8) / np.sqrt(1 + (frequency / high) ** 24)
    limited: npt.NDArray[np.float64] = np.fft.irfft(spectrum * gain, len(samples))
    return limited


def _unclipped(samples: npt.NDArray[np.float64]) -> Samples:
    return (samples / max(1.0, float(np.abs(samples).max(initial=0.0)) / 0.99)).astype(np.float32)

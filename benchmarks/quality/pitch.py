"""The melody of speech: fundamental frequency by YIN (de Cheveigne and Kawahara 2002)."""

import numpy as np

from speechtrt.audio import Audio
from speechtrt.benchmarks.quality.spectrum import HOP, RATE, Array

LOWEST, HIGHEST = 60.0, 400.0  # Hz
THRESHOLD = 0.15  # of the normalised difference: below, a frame is voiced
QUIET = 1e-3  # root mean square below which a frame is silence
WINDOW = 1024


def pitch(audio: Audio) -> Array:
    """Hz per frame of 16 ms [frames]; 0 where the frame has no voice. Frames are those of `log_mel`."""
    samples = audio.resampled(RATE).samples.astype(np.float64)
    longest = int(RATE / LOWEST) + 1
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2 + longest))
    count = len(samples) // HOP + 1
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW + longest)[::HOP][:count]
    differences = _normalised(_differences(frames, longest))
    loud = np.sqrt((frames[:, :WINDOW] ** 2).mean(1)) > QUIET
    return np.array([_hertz(row) if heard else 0.0 for row, heard in zip(differences, loud, strict=True)])


def _differences(frames: Array, longest: int) -> Array:
    """Sum over a window of (x[t] - x[t + lag])^2 for lags 0 to `longest` [frames, longest + 1]."""
    size = 1 << int(np.ceil(np.log2(2 * WINDOW + longest)))
    first = frames[:, :WINDOW]
    spectrum = np.fft.rfft(first, size).conj() * np.fft.rfft(frames, size)
    products = np.fft.irfft(spectrum, size)[:, : longest + 1]
    energies = np.cumsum(np.pad(frames**2, ((0, 0), (1, 0))), axis=1)
    windows = energies[:, WINDOW : WINDOW + longest + 1] - energies[:, : longest + 1]
    return np.maximum(windows[:, :1] + windows - 2 * products, 0.0)


def _normalised(differences: Array) -> Array:
    """Over the mean of all shorter lags, and 1 at lag 0."""
    lags = np.arange(1, differences.shape[1])
    means = np.cumsum(differences[:, 1:], axis=1) / lags
    ratios = differences[:, 1:] / np.maximum(means, 1e-12)
    return np.pad(ratios, ((0, 0), (1, 0)), constant_values=1.0)


def _hertz(row: Array) -> float:
    """The first dip below the threshold, refined by a parabola; 0 without one."""
    shortest = int(RATE / HIGHEST)
    below = np.flatnonzero(row[shortest:-1] < THRESHOLD)
    if below.size == 0:
        return 0.0
    lag = shortest + int(below[0])
    while lag + 2 < len(row) and row[lag + 1] < row[lag]:
        lag += 1
    left, middle, right = row[lag - 1 : lag + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
    return RATE / (lag + float(np.clip(shift, -1.0, 1.0)))

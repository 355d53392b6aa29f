"""Log-mel spectra and mel cepstra of speech, in numpy alone, so that a gate needs neither torch nor scipy."""

from functools import cache

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Audio

Array = npt.NDArray[np.float64]

RATE = 16_000  # Hz; other audio is resampled to it
WINDOW, HOP = 1024, 256  # samples: 64 and 16 ms
BANDS = 80
QUIETEST = 1e-5  # of a band's amplitude: digital silence has no logarithm
DYNAMIC_RANGE = 60.0  # dB below the loudest band: hiss that far below speech is not heard, and would rule every mean
LEADING = 13  # cepstra that describe the envelope; the zeroth is loudness and left out


def log_mel(audio: Audio) -> Array:
    """Natural logarithm of mel-band amplitudes [frames, 80], a frame every 16 ms, on Slaney's mel scale.

    Bands more than 60 dB below the loudest of the recording are raised to that level.
    """
    samples = audio.resampled(RATE).samples.astype(np.float64)
    padded = np.pad(samples, WINDOW // 2, mode="reflect" if len(samples) > WINDOW // 2 else "constant")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * _hann()
    bands = np.maximum(np.abs(np.fft.rfft(frames)) @ mel_bands(), QUIETEST)
    mel: Array = np.log(np.maximum(bands, bands.max() * 10 ** (-DYNAMIC_RANGE / 20)))
    return mel


def mel_cepstra(mel: Array) -> Array:
    """Cepstra 1 to 13 [frames, 13] of the log power of M bands: ln E(m) = c0 + 2 sum_d c_d cos(pi d (m + 1/2) / M)."""
    bands = mel.shape[-1]
    angles = np.pi * np.arange(1, LEADING + 1)[:, None] * (np.arange(bands) + 0.5) / bands
    cepstra: Array = 2.0 * mel @ np.cos(angles).T / bands
    return cepstra


@cache
def mel_bands() -> Array:
    """Triangles [513, 80] of equal area from 0 to 8 kHz: linear below 1 kHz, logarithmic above (Slaney 1998)."""
    edges = _hertz(np.linspace(0.0, _mel(RATE / 2), BANDS + 2))
    bins = np.linspace(0.0, RATE / 2, WINDOW // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling)) * 2.0 / (edges[2:] - edges[:-2])


@cache
def _hann() -> Array:
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)


LINEAR_HERTZ, LINEAR_MELS = 1000.0, 15.0
OCTAVES = 27.0 / np.log(6.4)  # mels per e-fold above 1 kHz


def _mel(hertz: float) -> float:
    if hertz < LINEAR_HERTZ:
        return hertz * LINEAR_MELS / LINEAR_HERTZ
    return float(LINEAR_MELS + OCTAVES * np.log(hertz / LINEAR_HERTZ))


def _hertz(mels: Array) -> Array:
    linear = mels * LINEAR_HERTZ / LINEAR_MELS
    return np.where(mels < LINEAR_MELS, linear, LINEAR_HERTZ * np.exp((mels - LINEAR_MELS) / OCTAVES))

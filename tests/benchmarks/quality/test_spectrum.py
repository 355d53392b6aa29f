"""Spectra against transformers' own and scipy's cosine transform."""

import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.benchmarks.quality.spectrum import BANDS, HOP, WINDOW, log_mel, mel_bands, mel_cepstra

RATE = 16_000


@pytest.fixture(scope="module")
def chirp() -> Audio:
    time = np.arange(RATE) / RATE
    return Audio((0.3 * np.sin(2 * np.pi * (200 + 900 * time) * time)).astype(np.float32), RATE)


def test_bands_are_those_of_transformers() -> None:
    from transformers.audio_utils import mel_filter_bank

    expected = mel_filter_bank(WINDOW // 2 + 1, BANDS, 0.0, RATE / 2, RATE, norm="slaney", mel_scale="slaney")
    np.testing.assert_allclose(mel_bands(), expected, atol=1e-9)


def test_log_mel_is_that_of_transformers_above_the_floor(chirp: Audio) -> None:
    from transformers.audio_utils import spectrogram, window_function

    window = window_function(WINDOW, "hann")
    bands = spectrogram(chirp.samples, window, WINDOW, HOP, power=1.0, mel_filters=mel_bands(), mel_floor=0.0).T
    expected = np.log(np.maximum(bands, bands.max() / 1000))
    np.testing.assert_allclose(log_mel(chirp), expected, atol=1e-5)


def test_cepstra_are_a_cosine_transform(chirp: Audio) -> None:
    from scipy.fft import dct

    mel = log_mel(chirp)
    np.testing.assert_allclose(mel_cepstra(mel), dct(mel, type=2)[:, 1:14] / BANDS, atol=1e-9)


def test_loudness_changes_no_cepstrum(chirp: Audio) -> None:
    quiet = Audio((chirp.samples / 8).astype(np.float32), RATE)
    np.testing.assert_allclose(mel_cepstra(log_mel(quiet)), mel_cepstra(log_mel(chirp)), atol=1e-5)


def test_silence_is_finite() -> None:
    assert np.isfinite(log_mel(Audio(np.zeros(300, np.float32), RATE))).all()


def test_other_rates_are_resampled(chirp: Audio) -> None:
    assert len(log_mel(chirp.resampled(8_000))) == len(log_mel(chirp))

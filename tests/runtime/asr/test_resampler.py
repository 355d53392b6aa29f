"""Resampling piece by piece."""

import numpy as np
import pytest

from speechtrt.runtime.asr.resampler import Resampler


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_a_tone_keeps_its_length_and_its_pitch(rate: int) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(rate) / rate).astype(np.float32)
    resampler = Resampler(16_000)
    pieces = [resampler.push(piece, rate) for piece in np.array_split(tone, 7)]
    heard = np.concatenate([*pieces, resampler.end()])
    assert abs(len(heard) - 16_000) <= 2
    expected = np.sin(2 * np.pi * 440 * np.arange(len(heard)) / 16_000)
    assert np.abs(heard - expected)[200:-200].max() < 1e-3


def test_the_models_own_rate_passes_through() -> None:
    resampler, pcm = Resampler(16_000), np.ones(5, np.float32)
    assert resampler.push(pcm, 16_000) is pcm
    assert len(resampler.end()) == 0

import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.benchmarks.quality.pitch import pitch
from speechtrt.benchmarks.quality.spectrum import log_mel

RATE = 16_000


def sawtooth(hertz: float) -> Audio:
    time = np.arange(RATE) / RATE
    harmonics = [np.sin(2 * np.pi * hertz * n * time) / n for n in range(1, int(4000 / hertz))]
    return Audio((0.2 * np.sum(harmonics, axis=0)).astype(np.float32), RATE)


@pytest.mark.parametrize("hertz", [75.0, 110.0, 187.3, 301.7, 390.0])
def test_a_tone_with_harmonics_has_its_fundamental(hertz: float) -> None:
    found = pitch(sawtooth(hertz))[4:-4]
    assert np.abs(1200 * np.log2(found / hertz)).max() < 10


def test_silence_and_noise_have_none() -> None:
    noise = np.random.default_rng(0).normal(scale=0.1, size=RATE).astype(np.float32)
    assert (pitch(Audio(noise, RATE)) > 0).mean() < 0.02
    assert not pitch(Audio(np.zeros(RATE, np.float32), RATE)).any()


def test_frames_are_those_of_the_spectrum() -> None:
    for count in (256, 4000, 16_000):
        audio = Audio(np.zeros(count, np.float32), RATE)
        assert len(pitch(audio)) == len(log_mel(audio))

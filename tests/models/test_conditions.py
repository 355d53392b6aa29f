import random

import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.models.data.conditions import BANDS, CLEAN, Condition, Noise, random_condition

RATE = 16_000
TONE = Audio((0.3 * np.sin(np.arange(RATE) * 0.3)).astype(np.float32), RATE)
HISS = Audio((0.1 * np.random.default_rng(1).standard_normal(RATE)).astype(np.float32), RATE)


def power(samples: np.ndarray, low: float, high: float) -> float:
    """Mean power between two frequencies."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(spectrum[(frequency >= low) & (frequency < high)].mean())


def test_clean_speech_is_untouched() -> None:
    assert np.array_equal(CLEAN.apply(TONE).samples, TONE.samples)
    assert CLEAN.label == "clean"


@pytest.mark.parametrize("colour", Noise)
def test_noise_has_the_ratio_that_was_asked_for(colour: Noise) -> None:
    noise = Condition(3, colour, snr=12.0).apply(TONE).samples - TONE.samples
    assert 10 * np.log10(np.square(TONE.samples).mean() / np.square(noise).mean()) == pytest.approx(12.0, abs=0.1)


def test_darker_noise_has_less_treble() -> None:
    noises = [Condition(3, colour, snr=0.0).apply(TONE).samples - TONE.samples for colour in Noise]
    treble = [power(noise, 4000, 8000) / power(noise, 100, 1000) for noise in noises]
    assert treble[0] > 5 * treble[1] > 25 * treble[2]


def test_a_room_goes_on_after_the_sound() -> None:
    click = Audio(np.eye(1, RATE, 100, dtype=np.float32)[0], RATE)
    wet = Condition(1, reverberation=0.3).apply(click).samples
    assert np.abs(wet[:100]).max() < 1e-6
    early, late = (float(np.square(wet[start : start + 1600]).mean()) for start in (101, 101 + 2400))
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=3)  # 60 dB in 0.3 s


@pytest.mark.parametrize("band", BANDS)
def test_a_band_keeps_what_is_inside(band: tuple[float, float]) -> None:
    low, high = band
    heard = Condition(band=band).apply(HISS).samples
    assert power(heard, 2 * low, 0.8 * high) == pytest.approx(power(HISS.samples, 2 * low, 0.8 * high), rel=0.1)
    assert power(heard, 1.3 * high, 8000) < 0.01 * power(HISS.samples, 1.3 * high, 8000)


def test_conditions_repeat_keep_the_length_and_never_clip() -> None:
    loud = Audio(3 * TONE.samples, RATE)
    for seed in range(30):
        first, second = (random_condition(random.Random(seed)) for _ in range(2))
        assert first == second
        heard = first.apply(loud)
        assert np.array_equal(heard.samples, second.apply(loud).samples)
        assert heard.samples.shape == loud.samples.shape
        assert np.abs(heard.samples).max() <= 1.0


def test_drawn_conditions_differ_and_say_what_they_are() -> None:
    labels = [random_condition(random.Random(seed)).label for seed in range(200)]
    assert 60 <= labels.count("clean") <= 110
    assert Condition(0, Noise.PINK, 12.5, 0.4, BANDS[0]).label == "pink noise 12.5 dB, room 0.4 s, band 300-3400 Hz"
    assert all(any(kind in label for label in labels) for kind in ("noise", "room", "band"))

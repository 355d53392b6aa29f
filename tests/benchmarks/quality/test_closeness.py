import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.benchmarks.quality.closeness import DECIBELS, Reading, closeness
from speechtrt.benchmarks.quality.spectrum import BANDS
from tests.benchmarks.quality.test_pitch import RATE, sawtooth


def tilted(nepers: float) -> Reading:
    """Frames whose log amplitude is a cosine of `nepers` over the bands."""
    reading = Reading(Audio(np.zeros(1024, np.float32), RATE))
    shape = np.cos(3 * np.pi * (np.arange(BANDS) + 0.5) / BANDS)
    reading.__dict__["mel"] = np.tile(nepers * shape, (5, 1))
    return reading


def test_mcd_is_the_root_mean_square_of_the_envelope_in_decibels() -> None:
    """Log power differs by a cosine of 2 * 0.5 nepers: its RMS is 1 / sqrt(2), in dB times 10 / ln 10."""
    assert closeness(tilted(0.8), tilted(0.3)).mcd_db == pytest.approx(DECIBELS / np.sqrt(2))
    assert closeness(tilted(0.8), tilted(0.3)).log_mel_l1 == pytest.approx(0.5 * 2 / np.pi, rel=1e-2)


def test_a_reading_is_like_itself() -> None:
    reading = Reading(sawtooth(150.0))
    same = closeness(reading, reading)
    assert (same.mcd_db, same.log_mel_l1, same.f0_rmse_cents, same.voicing_error) == (0.0, 0.0, 0.0, 0.0)
    assert same.duration_ratio == 1.0


def test_a_semitone_is_a_hundred_cents() -> None:
    near = closeness(Reading(sawtooth(150.0 * 2 ** (1 / 12))), Reading(sawtooth(150.0)))
    assert near.f0_rmse_cents == pytest.approx(100, abs=6)


def test_voice_against_silence_is_a_voicing_error() -> None:
    voiced = sawtooth(150.0)
    half = Audio(np.where(np.arange(RATE) < RATE / 2, voiced.samples, 0).astype(np.float32), RATE)
    assert 0.25 < closeness(Reading(half), Reading(voiced)).voicing_error < 0.6


def test_duration_is_over_the_others() -> None:
    tone = sawtooth(150.0)
    longer = Audio(np.concatenate([tone.samples, tone.samples]), RATE)
    assert closeness(Reading(longer), Reading(tone)).duration_ratio == 2.0

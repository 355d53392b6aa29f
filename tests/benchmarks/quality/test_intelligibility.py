import numpy as np
import pytest

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.quality.intelligibility import stoi
from speechtrt.models.evaluation.utterances import evaluation_utterances


def noisy(audio: Audio, decibels: float) -> Audio:
    noise = np.random.default_rng(0).normal(size=len(audio.samples))
    level = np.sqrt((audio.samples**2).mean()) * 10 ** (-decibels / 20)
    return Audio((audio.samples + level * noise).astype(np.float32), audio.rate)


def test_noise_lowers_it() -> None:
    speech = read_audio(evaluation_utterances()[0].path)
    scores = [stoi(noisy(speech, decibels), speech) for decibels in (40.0, 10.0, 0.0)]
    assert stoi(speech, speech) == pytest.approx(1.0)
    assert all(score is not None for score in scores)
    assert 1.0 > float(scores[0] or 0) > float(scores[1] or 0) > float(scores[2] or 0) > 0.2


def test_lengths_may_differ_and_short_readings_have_none() -> None:
    speech = read_audio(evaluation_utterances()[0].path)
    shorter = Audio(speech.samples[:-4000], speech.rate)
    assert stoi(shorter, speech) == pytest.approx(1.0)
    assert stoi(Audio(speech.samples[:5000], speech.rate), speech) is None

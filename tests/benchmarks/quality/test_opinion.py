"""Models of listeners: noise behind speech must cost points, whatever the rate and length of a recording."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.quality.opinion import RATE, Dnsmos, dnsmos_installed, pesq
from speechtrt.models.evaluation.utterances import evaluation_utterances
from tests.benchmarks.quality.test_intelligibility import noisy


@pytest.fixture(scope="module")
def speech() -> Audio:
    return read_audio(evaluation_utterances()[0].path)


@pytest.fixture(scope="module")
def network() -> Dnsmos:
    assert dnsmos_installed()
    return Dnsmos.open()


def test_noise_is_heard_behind_speech(network: Dnsmos, speech: Audio) -> None:
    clean, noise = network.judge(speech), network.judge(noisy(speech, 10.0))
    assert 1.0 < noise.background < clean.background - 1.0 < 4.0
    assert noise.overall < clean.overall


def test_long_and_quick_recordings_are_judged_alike(network: Dnsmos, speech: Audio) -> None:
    once = network.judge(speech)
    again = network.judge(Audio(np.tile(speech.samples, 6), speech.rate))
    other_rate = network.judge(speech.resampled(24_000))
    assert again.overall == pytest.approx(once.overall, abs=0.3)
    assert other_rate.overall == pytest.approx(once.overall, abs=0.2)


class Standard(ModuleType):
    """The interface of the package `pesq`, which has no wheels."""

    class NoUtterancesError(Exception):
        """Raised for silence."""

    def __init__(self) -> None:
        super().__init__("pesq")
        self.calls: list[tuple[Any, ...]] = []

    def pesq(self, rate: int, reference: np.ndarray, degraded: np.ndarray, mode: str) -> float:
        self.calls.append((rate, len(reference), len(degraded), mode))
        if not reference.any():
            raise self.NoUtterancesError
        return 4.0 - float(np.abs(reference - degraded).mean())


def test_pesq_gets_wide_band_readings_of_equal_length(monkeypatch: pytest.MonkeyPatch, speech: Audio) -> None:
    standard = Standard()
    monkeypatch.setitem(sys.modules, "pesq", standard)
    score = pesq(noisy(speech, 10.0).resampled(22_050), speech)
    assert score is not None and score < 4.0
    [(rate, ours, theirs, mode)] = standard.calls
    assert (rate, mode) == (RATE, "wb") and ours == theirs > RATE


def test_pesq_has_no_opinion_of_silence_or_a_syllable(monkeypatch: pytest.MonkeyPatch, speech: Audio) -> None:
    monkeypatch.setitem(sys.modules, "pesq", Standard())
    silence = Audio(np.zeros(RATE, np.float32), RATE)
    assert pesq(silence, silence) is None
    assert pesq(Audio(speech.samples[:3000], speech.rate), speech) is None

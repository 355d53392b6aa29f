"""Sentences that do not end by themselves."""

from itertools import repeat

import numpy as np
import pytest

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.ending import Ending, looping, runaway, silent
from speechtrt.runtime.tts.utterance import StepLimits, Utterance

SPEC = TtsSpec(2, 2, 8, dropout=0.5, stop_threshold=0.5, min_ratio=0.0, max_ratio=20.0)
MELS = 20


def speech(frames: int, seed: int = 0) -> Array:
    """Syllables: noise whose level and colour wander, as no two seconds of speech are alike."""
    random = np.random.default_rng(seed)
    walk = np.cumsum(random.normal(size=(frames, MELS)), axis=0)
    smooth = walk - np.linspace(0, 1, frames)[:, None] * walk[-1]
    return np.asarray(smooth + 4 * np.sin(np.arange(frames) / 5 + random.random())[:, None], np.float32)


def noise(frames: int) -> Array:
    return np.random.default_rng(9).normal(0, 0.05, (frames, MELS)).astype(np.float32)


@pytest.mark.parametrize("seed", range(20))
def test_speech_is_neither_silence_nor_a_loop(seed: int) -> None:
    assert runaway(speech(600, seed)) is None


def test_a_second_of_silence_is_an_end_and_a_pause_is_not() -> None:
    quiet = speech(200).min() - 5
    assert silent(np.concatenate([speech(200), noise(100) + quiet]))
    assert not silent(np.concatenate([speech(200), noise(40) + quiet]))
    assert not silent(np.concatenate([speech(200), noise(100) + quiet, speech(30)]))


@pytest.mark.parametrize("period", [1, 9, 30, 77])
def test_a_pattern_that_repeats_is_a_loop(period: int) -> None:
    pattern = speech(300)[120 : 120 + period]
    repeated = np.tile(pattern, (400 // period, 1))
    frames = np.concatenate([speech(200), repeated + noise(len(repeated))])
    assert looping(frames)
    assert not looping(frames[:210])


def decode(frames: Array) -> Utterance:
    tokens = np.arange(30)
    limits = StepLimits.of(len(tokens), SPEC, Limits(max_text=100, max_frames=8000))
    masks = DropoutMasks.seeded(0, 0, 0.5)
    utterance = Utterance(tokens, np.zeros(2), limits, masks, 0.5, SPEC.reduction, repeat(10_000))
    for step in range(len(frames) // 2):
        utterance.take(frames[None, 2 * step : 2 * step + 2], 0)
        if utterance.finished:
            break
    return utterance


def test_a_loop_is_cut_long_before_the_limit() -> None:
    frames = np.concatenate([speech(200), np.tile(speech(30, 1), (40, 1))])
    utterance = decode(frames)
    assert utterance.ending is Ending.LOOP
    assert utterance.steps < 180 < utterance.limits.most


def test_silence_without_end_is_cut() -> None:
    utterance = decode(np.concatenate([speech(220), noise(400) + speech(220).min() - 5]))
    assert utterance.ending is Ending.SILENCE
    assert utterance.steps < 180


def test_long_speech_is_only_cut_by_the_limit() -> None:
    utterance = decode(speech(1000))
    assert utterance.ending is Ending.LENGTH
    assert utterance.steps == utterance.limits.most == 300

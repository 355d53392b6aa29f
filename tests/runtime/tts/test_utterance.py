"""When a sentence ends, and where its randomness comes from."""

from collections.abc import Iterator
from itertools import chain, repeat

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.ending import Ending
from speechtrt.runtime.tts.utterance import STABLE_STEPS, StepLimits, Utterance

SPEC = TtsSpec(2, 2, 8, dropout=0.5, stop_threshold=0.5, min_ratio=1.0, max_ratio=10.0)
LIMITS = Limits(max_text=100, max_frames=200)


def utterance(limits: StepLimits, milestones: Iterator[int] | None = None) -> Utterance:
    masks = DropoutMasks.seeded(0, 0, 0.5)
    waited = repeat(10_000) if milestones is None else milestones
    return Utterance(np.arange(4), np.zeros(2), limits, masks, SPEC.stop_threshold, SPEC.reduction, waited)


def steps_until_the_end(speech: Utterance, stops: list[tuple[float, float]]) -> int:
    in_a_row = 0
    for stop in stops:
        in_a_row = in_a_row + 1 if sum(stop) >= speech.bar else 0
        speech.take(np.full((1, 2, 3), speech.steps, np.float32), in_a_row)
        if speech.finished:
            break
    return speech.steps


@pytest.mark.parametrize(
    ("tokens", "limits"),
    [(10, StepLimits(5, 50)), (60, StepLimits(30, 100)), (300, StepLimits(100, 100)), (1, StepLimits(0, 5))],
)
def test_limits_follow_the_text(tokens: int, limits: StepLimits) -> None:
    assert StepLimits.of(tokens, SPEC, LIMITS) == limits


def test_fixed_steps_are_limited_by_the_model() -> None:
    assert StepLimits.fixed(7, SPEC, LIMITS) == StepLimits(7, 7)
    assert StepLimits.fixed(1000, SPEC, LIMITS) == StepLimits(100, 100)


def test_stop_probabilities_of_a_step_are_added() -> None:
    assert steps_until_the_end(utterance(StepLimits(0, 9)), [(0.2, 0.2), (0.3, 0.3), (0.5, 0.0), (0, 0)]) == 2


def test_a_stop_that_does_not_last_is_none() -> None:
    speech = utterance(StepLimits(0, 30))
    assert steps_until_the_end(speech, [(0, 0), (0.9, 0.9), (0, 0), (0, 0), (0.9, 0.9), (0.9, 0.9), (0, 0)]) == 5
    assert len(speech.frames) == 10
    assert speech.ending is Ending.STOP


def test_it_does_not_end_before_its_least_steps() -> None:
    assert steps_until_the_end(utterance(StepLimits(3, 9)), [(0.9, 0.9)] * 9) == 3


def test_it_is_cut_at_its_most_steps() -> None:
    speech = utterance(StepLimits(0, 4))
    assert steps_until_the_end(speech, [(0, 0)] * 9) == 4
    assert speech.ending is Ending.LENGTH


@pytest.mark.parametrize("limits", [StepLimits(4, 4), StepLimits(0, 9)])
def test_an_end_as_wished_is_no_cut(limits: StepLimits) -> None:
    speech = utterance(limits)
    steps_until_the_end(speech, [(0, 0)] * 3 + [(0.9, 0.9)] * 2)
    assert speech.finished
    assert speech.ending is not None and speech.ending.regular


def test_frames_are_kept_in_order_while_they_grow() -> None:
    speech = utterance(StepLimits(400, 400))
    steps_until_the_end(speech, [(0, 0)] * 400)
    assert speech.frames.shape == (800, 3)
    assert (speech.frames[:, 0] == np.repeat(np.arange(400), 2)).all()


@given(
    stops=st.lists(st.sampled_from((0.0, 0.0, 0.0, 0.6)), min_size=120, max_size=120),
    least=st.integers(0, 40),
    most=st.integers(1, 120),
    waits=st.lists(st.integers(1, 90), max_size=4),
)
def test_it_ends_alike_whether_it_is_looked_at_every_step_or_only_when_it_is_due(
    stops: list[float], least: int, most: int, waits: list[int]
) -> None:
    limits = StepLimits(min(least, most), most)
    frames = np.random.default_rng(1).random((most, 2, 3), np.float32)
    watched = utterance(limits)
    seldom = utterance(limits, chain(sorted(waits), repeat(10_000)))
    in_a_row = 0
    for step in range(most):
        in_a_row = in_a_row + 1 if stops[step] >= watched.bar else 0
        watched.take(frames[step : step + 1], in_a_row)
        if watched.finished:
            break
    in_a_row = 0
    for step in range(1, most + 1):
        in_a_row = in_a_row + 1 if stops[step - 1] >= seldom.bar else 0
        if step >= seldom.due or in_a_row == STABLE_STEPS:
            seldom.take(frames[seldom.steps : step], in_a_row)
        if seldom.finished:
            break
        assert all(len(seldom.frames) >= wait for wait in waits if wait <= step * 2), "nobody waits in vain"
    assert (seldom.steps, seldom.ending) == (watched.steps, watched.ending)
    np.testing.assert_array_equal(seldom.frames, watched.frames)

"""When a sentence ends, and where its randomness comes from."""

import numpy as np
import pytest

from speechtrt.bundle import Limits, TtsSpec
from speechtrt.runtime.tts.ending import Ending
from speechtrt.runtime.tts.utterance import DropoutMasks, StepLimits, Utterance

SPEC = TtsSpec(2, 2, 8, dropout=0.5, stop_threshold=0.5, min_ratio=1.0, max_ratio=10.0)
LIMITS = Limits(max_text=100, max_frames=200)


def utterance(limits: StepLimits) -> Utterance:
    masks = DropoutMasks.seeded(0, 0, 0.5)
    return Utterance(np.arange(4), np.zeros(2), limits, masks, SPEC.stop_threshold, SPEC.reduction)


def steps_until_the_end(speech: Utterance, stops: list[tuple[float, float]]) -> int:
    for stop in stops:
        speech.take(np.full((2, 3), speech.steps, np.float32), sum(stop))
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


def test_masks_do_not_depend_on_how_many_are_drawn_at_once() -> None:
    masks, generator = DropoutMasks.seeded(5, 1, 0.5), DropoutMasks.seeded(5, 1, 0.5).generator
    out = np.empty((2, 7), np.float32)
    for _ in range(100):
        masks.draw(out)
        np.testing.assert_array_equal(out, (generator.random((2, 7), dtype=np.float32) < 0.5) * 2.0)


def test_masks_are_zero_or_scaled_and_as_frequent_as_they_should_be() -> None:
    out = np.empty((100, 100), np.float32)
    DropoutMasks.seeded(1, 0, 0.2).draw(out)
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.8)}
    assert 0.15 < (out > 0).mean() < 0.25


def test_masks_depend_on_seed_and_part_only() -> None:
    drawn = []
    for seed, part in ((1, 0), (1, 0), (2, 0), (1, 1)):
        out = np.empty((2, 64), np.float32)
        DropoutMasks.seeded(seed, part, 0.5).draw(out)
        drawn.append(out)
    assert (drawn[0] == drawn[1]).all()
    assert not (drawn[0] == drawn[2]).all() and not (drawn[0] == drawn[3]).all()

"""A sentence's dropout is its own, whenever it is drawn."""

import numpy as np
import pytest

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.dropout import DropoutMasks


def draw(masks: DropoutMasks, *shape: int) -> Array:
    out = np.empty(shape, np.float32)
    masks.draw(out)
    return out


def test_masks_are_numpys_and_do_not_depend_on_how_many_are_drawn_at_once() -> None:
    masks = DropoutMasks.seeded(5, 1, 0.5)
    generator = np.random.Generator(DropoutMasks.seeded(5, 1, 0.5).bits)
    for steps in (3, 1, 7):
        drawn = draw(masks, steps, 2, 7)
        for mask in drawn:
            np.testing.assert_array_equal(mask, (generator.random((2, 7), dtype=np.float32) < 0.5) * 2.0)


def test_masks_are_zero_or_scaled_and_as_frequent_as_they_should_be() -> None:
    out = draw(DropoutMasks.seeded(1, 0, 0.2), 1, 100, 100)
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / 0.8)}
    assert 0.15 < (out > 0).mean() < 0.25


def test_masks_depend_on_seed_and_part_only() -> None:
    kinds = ((1, 0), (1, 0), (2, 0), (1, 1))
    drawn = [draw(DropoutMasks.seeded(seed, part, 0.5), 1, 2, 64) for seed, part in kinds]
    assert (drawn[0] == drawn[1]).all()
    assert not (drawn[0] == drawn[2]).all() and not (drawn[0] == drawn[3]).all()


@pytest.mark.parametrize("ahead", [0, 1, 4, 11, 30])
def test_masks_that_are_drawn_ahead_are_the_same(ahead: int) -> None:
    masks, early = (DropoutMasks.seeded(5, 1, 0.5) for _ in range(2))
    early.draw_ahead(ahead, 2, 7)
    for steps in (3, 1, 7):
        np.testing.assert_array_equal(draw(early, steps, 2, 7), draw(masks, steps, 2, 7))


def test_masks_that_are_drawn_ahead_fit_into_any_row() -> None:
    masks, early = (DropoutMasks.seeded(5, 1, 0.5) for _ in range(2))
    early.draw_ahead(4, 2, 7)
    block = np.zeros((6, 3, 2, 7), np.float32)
    early.draw(block[:, 1])
    np.testing.assert_array_equal(block[:, 1], draw(masks, 6, 2, 7))
    assert not block[:, [0, 2]].any()

"""Whom the ledger calls: what a plain reading of every row after every step would say."""

from itertools import repeat
from typing import cast

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.ledger import BLOCK, Front, Ledger
from speechtrt.runtime.tts.utterance import STABLE_STEPS, StepLimits, Utterance

ROWS, SLOT_COUNT, REDUCTION, THRESHOLD = 2, 3, 2, 0.5
QUIET, HALF, LOUD = (0.0, 0.0), (0.3, 0.3), (0.9, 0.0)  # half reaches the threshold in its sum alone


def sentence(least: int = 0) -> Utterance:
    masks = DropoutMasks.seeded(0, 0, 0.5)
    limits = StepLimits(least, 10_000)
    return Utterance(np.arange(4), np.zeros(2), limits, masks, THRESHOLD, REDUCTION, repeat(10_000))


class Cells:
    """As much of a decoder's memory as a ledger sees."""

    dims = {SLOTS: SLOT_COUNT}  # noqa: RUF012

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {
            "position": np.zeros(SLOT_COUNT, np.int64),
            "dropout": np.zeros((SLOT_COUNT, 1, 4), np.float32),
            "frames": np.zeros((SLOT_COUNT, REDUCTION, 3), np.float32),
            "frame": np.zeros((SLOT_COUNT, 3), np.float32),
            "stop": np.zeros((SLOT_COUNT, REDUCTION), np.float32),
        }

    def __getitem__(self, name: str) -> Array:
        return self._arrays[name]


class Steps:
    """A ledger of ROWS sentences whose stop probabilities are set by hand."""

    def __init__(self, *sentences: Utterance) -> None:
        cells = cast(Memory, Cells())
        self.stop, self.ledger = cells["stop"], Ledger.over(cells)
        for row, utterance in enumerate(sentences):
            self.ledger.admit(row, utterance)
        self.front = Front(len(sentences), cells, self.ledger)

    def after(self, *stops: tuple[float, float]) -> list[int]:
        """Who is called after one more step."""
        self.stop[: len(stops)] = stops
        return self.ledger.calls(self.front)


def test_probabilities_of_a_step_count_by_their_sum() -> None:
    steps = Steps(sentence(), sentence())
    assert [steps.after(HALF, QUIET) for _ in range(STABLE_STEPS)] == [[], [0]]


def test_a_stop_that_is_taken_back_begins_anew() -> None:
    steps = Steps(sentence(), sentence())
    calls = [steps.after(QUIET, stop) for stop in (LOUD, QUIET, LOUD, QUIET, LOUD, LOUD)]
    assert calls == [[], [], [], [], [], [1]]


@given(st.lists(st.tuples(*[st.sampled_from((QUIET, QUIET, QUIET, HALF, LOUD))] * ROWS), max_size=BLOCK - 1))
def test_calls_are_those_of_a_plain_reading(script: list[tuple[tuple[float, float], ...]]) -> None:
    steps, in_a_row = Steps(*(sentence() for _ in range(ROWS))), [0] * ROWS
    for stops in script:
        in_a_row = [n + 1 if sum(stop) >= THRESHOLD else 0 for n, stop in zip(in_a_row, stops, strict=True)]
        assert steps.after(*stops) == [row for row, n in enumerate(in_a_row) if n == STABLE_STEPS]


def test_everybody_is_called_when_the_block_is_full() -> None:
    steps = Steps(sentence(), sentence())
    assert [steps.after(QUIET, QUIET) for _ in range(BLOCK)] == [*[[]] * (BLOCK - 1), [0, 1]]


def test_stops_before_the_least_steps_call_nobody() -> None:
    steps = Steps(sentence(least=100), sentence())
    assert [steps.after(LOUD, QUIET) for _ in range(5)] == [[]] * 5

"""A stream's state follows it to any row, to the bit, however much of it there is."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.asr.encoder import Encoder
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.slots import Move, Swap
from tests.runtime.asr.streams import noise

ROWS, STAGE = 4, "step_160"


def heard(engines: Path, chunks: int, ways: Mapping[int, Move | Swap]) -> npt.NDArray[np.float32]:
    """What is heard of a stream that begins in row 0 beside busy rows, and goes its way before some chunks."""
    with open_backend(EngineFolder.open(engines), 1).open(STAGE) as runner:
        encoder, row, found = Encoder.open(runner, ROWS), 0, []
        for other in range(ROWS):
            encoder.admit(other)
        for number in range(chunks):
            match ways.get(number):
                case Move(_, row) as move:
                    encoder.move(move)
                case Swap(_, row) as swap:
                    encoder.swap(swap)
            for place in range(ROWS):
                window = encoder.window(place)
                window[:] = noise(len(window), seed=number if place == row else 1000 + number)
                encoder.expect(place, len(window))
            encoder.step(ROWS, 0)
            found.append(encoder.memory["log_probs"][row].copy())
        return np.array(found)


@pytest.mark.parametrize("age", [1, 5, 39])
def test_a_stream_that_changes_its_row_hears_the_same(tiny_ctc_engines: Path, age: int) -> None:
    chunks = age + 6
    stayed = heard(tiny_ctc_engines, chunks, {})
    assert not np.array_equal(stayed[age], stayed[age - 1])
    assert np.array_equal(heard(tiny_ctc_engines, chunks, {age: Move(0, 2), age + 3: Move(2, 1)}), stayed)
    assert np.array_equal(heard(tiny_ctc_engines, chunks, {age: Swap(0, 3), age + 2: Swap(3, 2)}), stayed)

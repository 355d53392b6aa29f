"""Stacked tensors behave as separate ones."""

import resource
from dataclasses import replace

import numpy as np

from speechtrt.runtime.asr.memory import StreamMemory
from speechtrt.runtime.batching.slots import Move, Swap
from speechtrt.specs import DType, StageSpec, StateKind, StateSpec, TensorSpec
from tests.runtime.fakes import ctc_stages

STEP = ctc_stages()["step_160"].stage


def filled() -> StreamMemory:
    memory = StreamMemory.allocate(STEP, 3)
    for tensor in STEP.inputs:
        array = memory[tensor.name]
        array[...] = np.arange(1, 4).reshape(3, *[1] * (array.ndim - 1))
    return memory


STATES = {state.input for state in STEP.states}
WINDOWS = {tensor.name for tensor in STEP.inputs} - STATES


def firsts(memory: StreamMemory, names: set[str]) -> set[tuple[int, ...]]:
    """What stands first in every row."""
    return {tuple(memory[name].reshape(3, -1)[:, 0].tolist()) for name in names}


def test_every_state_of_a_row_moves_and_no_window() -> None:
    memory = filled()
    memory.move(Move(2, 0))
    assert firsts(memory, STATES) == {(3, 2, 3)} and firsts(memory, WINDOWS) == {(1, 2, 3)}


def test_every_state_of_two_rows_is_exchanged() -> None:
    memory = filled()
    memory.swap(Swap(0, 2))
    assert firsts(memory, STATES) == {(3, 2, 1)} and firsts(memory, WINDOWS) == {(1, 2, 3)}


def test_of_a_ring_only_what_is_used_need_be_copied() -> None:
    places = TensorSpec("k", DType.FLOAT32, ("slots", 2, 5, 3))
    ring = StateSpec("k", "k_out", StateKind.RING_CACHE)
    memory = StreamMemory.allocate(StageSpec("step", "", (places,), (replace(places, name="k_out"),), (ring,)), 3)
    k = memory["k"]
    k[...] = np.arange(3).reshape(3, 1, 1, 1)
    memory.move(Move(2, 0), used=4)
    assert k[0, :, :4].min() == 2 and k[0, :, 4].max() == 0
    memory.swap(Swap(0, 1), used=2)
    assert k[:, 0, :, 0].tolist() == [[1, 1, 2, 2, 0], [2, 2, 1, 1, 1], [2] * 5]
    memory.move(Move(2, 1))
    assert (k[1] == 2).all()


def test_a_step_writes_its_rows_beside_states_or_in_place() -> None:
    memory = filled()
    for state in STEP.states:
        assert state.output is not None
        memory[state.output][...] = 9
    memory.settle(1, first=1)
    for state in STEP.states:
        in_place = memory[state.input] is memory[state.output or ""]
        found = memory[state.input].reshape(3, -1)[:, 0].tolist()
        assert found == ([9, 9, 9] if in_place else [1, 9, 3])


def test_every_tensor_has_memory_of_its_own() -> None:
    memory = StreamMemory.allocate(STEP, 2)
    own = {id(array): array for array in memory.arrays.values()}.values()
    for number, array in enumerate(own):
        array[...] = number
    assert [int(array.flat[0]) for array in own] == list(range(len(own)))
    assert all(array.flags.c_contiguous for array in own)


def test_no_row_needs_a_page_that_nobody_has_touched() -> None:
    """Each of these rows lies on pages of its own; a few faults may be of other things."""
    ring = StateSpec("k", "k_out", StateKind.RING_CACHE)
    places = TensorSpec("k", DType.FLOAT32, ("slots", 2, 2048, 4))
    written = TensorSpec("log_probs", DType.FLOAT32, ("slots", 2048, 8))
    stage = StageSpec("step", "", (places,), (replace(places, name="k_out"), written), (ring,))
    memory, slots = StreamMemory.allocate(stage, 400), range(400)
    before = resource.getrusage(resource.RUSAGE_THREAD).ru_minflt
    for row in slots:
        for array in memory.arrays.values():
            array[row] = 1
    assert resource.getrusage(resource.RUSAGE_THREAD).ru_minflt - before < len(slots)

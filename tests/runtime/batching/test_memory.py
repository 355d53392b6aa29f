"""Rows of a stage's memory: what moves, what is reset, what survives growth."""

import numpy as np

from speechtrt.runtime.batching.memory import Memory
from speechtrt.runtime.batching.slots import Move
from tests.runtime.fakes import ctc_stages, tts_stages

DECODER = tts_stages()["decoder"].stage
STEP = ctc_stages()["step_160"].stage


def filled() -> Memory:
    memory = Memory.allocate(DECODER, {"slots": 3, "max_len": 2, "text_len": 2})
    for tensor in DECODER.inputs:
        array = memory[tensor.name]
        array[...] = np.arange(3).reshape(3, *[1] * (array.ndim - 1)) + 1
    return memory


def test_caches_have_one_array_and_other_states_two() -> None:
    memory = Memory.allocate(DECODER, {"slots": 3, "max_len": 2, "text_len": 2})
    assert memory["self_k_0"] is memory["self_k_0_out"]
    step = Memory.allocate(STEP, {"slots": 2})
    assert step["conv_0"] is not step["conv_0_out"]


def test_every_input_of_a_row_moves() -> None:
    memory = filled()
    memory.move(Move(2, 0), {})
    assert all((memory[t.name][0] == memory[t.name][2]).all() for t in DECODER.inputs)
    assert (memory["frame"][:, 0] == [3, 2, 3]).all()


def test_of_a_cache_only_what_is_used_moves() -> None:
    memory = filled()
    memory.move(Move(2, 0), {"max_len": 1})
    assert memory["self_k_0"][0, 0, :, 0].tolist() == [3, 1]
    assert memory["cross_k_0"][0, 0, :, 0].tolist() == [3, 3]


def test_a_new_owner_finds_zeros_where_the_graph_needs_them() -> None:
    memory = Memory.allocate(STEP, {"slots": 2})
    memory["cache_len"][...] = 5
    memory["pcm"][...] = 5
    memory.reset(1)
    assert memory["cache_len"].tolist() == [5, 0]
    assert (memory["pcm"] == 5).all()


def test_what_a_step_wrote_becomes_the_state_of_its_rows_only() -> None:
    memory = Memory.allocate(STEP, {"slots": 2})
    memory["cache_len_out"][...] = 7
    memory.settle(1)
    assert memory["cache_len"].tolist() == [7, 0]
    memory["cache_len_out"][...] = 9
    memory.settle(1, first=1)
    assert memory["cache_len"].tolist() == [7, 9]


def test_growth_keeps_active_rows() -> None:
    old = filled()
    memory = old.resized({"slots": 3, "max_len": 4, "text_len": 8}, 2, {})
    assert not old.arrays, "both sizes would be held at once"
    assert memory["self_k_0"][:, 0, :, 0].tolist() == [[1, 1, 0, 0], [2, 2, 0, 0], [0, 0, 0, 0]]
    assert memory["text_mask"].sum(axis=1).tolist() == [2, 2, 0]
    assert memory["self_k_0"] is memory["self_k_0_out"]


def test_growth_copies_only_what_is_used() -> None:
    memory = filled().resized({"slots": 3, "max_len": 4, "text_len": 8}, 2, {"max_len": 1})
    assert memory["self_k_0"][:, 0, :, 0].tolist() == [[1, 0, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0]]
    assert memory["text_mask"].sum(axis=1).tolist() == [2, 2, 0]

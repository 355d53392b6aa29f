"""Recorded scenarios on the engines themselves, as the server drives them: step by step, states on the device."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from speechtrt.engine_set import EngineFolder
from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.profiles import CACHE_DIM
from speechtrt.engines.scenario import (
    Playlist,
    Scenario,
    concatenate,
    feeds_of,
    initial_states,
    moving_states,
)
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Runner
from speechtrt.runtime.backends.cuda import open_cuda
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.memory import Memory
from speechtrt.specs import StageSpec


@dataclass(frozen=True, slots=True)
class EnginePlayer:
    """A StagePlayer on the first GPU, or for `ort-cpu` sets on the CPU."""

    device: str

    def answers(self, engines: EngineFolder, playlist: Playlist) -> Outputs:
        """See StagePlayer."""
        with open_backend(engines, 1).open(playlist.stage.name) as runner:
            play = _step if moving_states(runner.stage) else _run
            return concatenate(play(runner, playlist, scenario) for scenario in playlist.scenarios)


def gpu_player() -> EnginePlayer | None:
    """A player, if a GPU answers."""
    try:
        cuda = open_cuda()
    except BackendError:
        return None
    return EnginePlayer(f"{cuda.device} (compute {cuda.capability})")


def _run(runner: Runner, playlist: Playlist, scenario: Scenario) -> list[dict[str, Array]]:
    """Passes over arrays of free shapes."""
    kinds = {tensor.name: tensor.dtype.value for tensor in runner.stage.inputs}
    passes = (feeds_of(scenario, step, None) for step in scenario.steps)
    return [{name: _widened(value) for name, value in runner.run(_cast(kinds, feeds)).items()} for feeds in passes]


def _step(runner: Runner, playlist: Playlist, scenario: Scenario) -> list[dict[str, Array]]:
    """Steps over bound arrays; states stay where the runner keeps them."""
    stage = runner.stage
    start = initial_states(playlist, scenario) | feeds_of(scenario, scenario.steps[0], None)
    dims = _sizes(stage, start) | {CACHE_DIM: playlist.max_len}
    memory = Memory.allocate(stage, dims)
    _fill(memory, start)
    runner.bind(memory.arrays)
    rows = len(next(iter(start.values())))
    written = {state.output for state in moving_states(stage)}
    outputs: list[dict[str, Array]] = []
    for step in scenario.steps:
        _fill(memory, feeds_of(scenario, step, outputs[-1] if outputs else None))
        runner.step(rows)
        memory.settle(rows)
        outputs.append({t.name: _widened(memory.arrays[t.name]) for t in stage.outputs if t.name not in written})
    runner.unbind()
    return outputs


def _fill(memory: Memory, feeds: Mapping[str, Array]) -> None:
    for name, value in feeds.items():
        if name in memory.arrays:
            memory.arrays[name][:] = value


def _sizes(stage: StageSpec, feeds: Mapping[str, Array]) -> dict[str, int]:
    """What each named dimension is in these arrays."""
    pairs = (
        pair
        for tensor in stage.inputs
        if tensor.name in feeds
        for pair in zip(tensor.shape, feeds[tensor.name].shape, strict=True)
    )
    return {dim: size for dim, size in pairs if isinstance(dim, str)}


def _cast(kinds: Mapping[str, str], feeds: Mapping[str, Array]) -> dict[str, Array]:
    return {name: np.ascontiguousarray(feeds[name], dtype=kind) for name, kind in kinds.items()}


def _widened(value: Array) -> Array:
    """A copy that no later step changes."""
    return value.astype(np.float32) if value.dtype.kind == "f" else value.copy()

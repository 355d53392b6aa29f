"""The streaming encoder's tensors, stacked so that a stream's state is copied in few pieces."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.batching.memory import IN_PLACE, SLOTS, Memory
from speechtrt.runtime.batching.slots import Move, Swap
from speechtrt.specs import StageSpec, StateKind


@dataclass(frozen=True, slots=True)
class StreamMemory:
    """A stage's memory whose tensors of one shape are slices of one array [tensors, slots, ...].

    numpy lets go of the interpreter's lock for every piece that it copies. Under load somebody else takes it each time,
    and a state of forty pieces waited longer for the lock than it was copied.
    """

    memory: Memory
    _whole: tuple[Array, ...]  # states that are copied whole
    _rings: tuple[Array, ...]  # [tensors, slots, heads, ring, width]
    _settled: tuple[tuple[Array, Array], ...]  # states, and what a step wrote for them

    @classmethod
    def allocate(cls, stage: StageSpec, slots: int) -> "StreamMemory":
        """Zeroed arrays for `slots` rows.

        Their pages are touched here: to find some for a new stream's row kept a step waiting for longer than it works.
        """
        memory = Memory.allocate(stage, {SLOTS: slots})
        states = {state.input for state in stage.states}
        circular = {state.input for state in stage.states if state.kind is StateKind.RING_CACHE}
        apart = {s.input: s.output for s in stage.states if s.output is not None and s.kind not in IN_PLACE}
        whole, rings, settled = list[Array](), list[Array](), list[tuple[Array, Array]]()
        for names in _alike(stage, memory.dims):
            together = _stack(memory, names)
            if names[0] in states:  # windows are written after rows have moved
                (rings if names[0] in circular else whole).append(together)
            if names[0] in apart:
                settled.append((together, _stack(memory, [apart[name] for name in names])))
        for state in stage.states:
            if state.output is not None and state.kind in IN_PLACE:
                memory.arrays[state.output] = memory.arrays[state.input]
        for array in {id(array): array for array in memory.arrays.values()}.values():
            array.fill(0)
        return cls(memory, tuple(whole), tuple(rings), tuple(settled))

    @property
    def arrays(self) -> dict[str, Array]:
        """Arrays [slots, ...] by tensor name."""
        return self.memory.arrays

    def __getitem__(self, name: str) -> Array:
        return self.memory[name]

    def reset(self, row: int) -> None:
        """Make a row ready for a new owner."""
        self.memory.reset(row)

    def settle(self, rows: int, first: int = 0) -> None:
        """After a step over `rows` rows from `first` on: what it wrote beside its states becomes their content."""
        stepped = slice(first, first + rows)
        for state, written in self._settled:
            state[:, stepped] = written[:, stepped]

    def move(self, move: Move, used: int | None = None) -> None:
        """Copy every state of a row to another row; of rings only the first `used` places, if given."""
        for array in self._whole:
            array[:, move.target] = array[:, move.source]
        for ring in self._rings:
            ring[:, move.target, :, :used] = ring[:, move.source, :, :used]

    def swap(self, swap: Swap, used: int | None = None) -> None:
        """Exchange every state of two rows; of rings only the first `used` places, if given."""
        for array in (*self._whole, *(ring[..., :used, :] for ring in self._rings)):
            first = array[:, swap.first].copy()
            array[:, swap.first] = array[:, swap.second]
            array[:, swap.second] = first


def _alike(stage: StageSpec, dims: Mapping[str, int]) -> Iterable[list[str]]:
    """Names of inputs of one type and shape together, states with those of their kind."""
    kinds = {state.input: state.kind for state in stage.states}
    groups: dict[object, list[str]] = {}
    for tensor in stage.inputs:
        group = tensor.dtype, tensor.resolve(dims), kinds.get(tensor.name)
        groups.setdefault(group, []).append(tensor.name)
    return groups.values()


def _stack(memory: Memory, names: Sequence[str]) -> Array:
    """One array in the place of those of `names`."""
    like = memory[names[0]]
    together = np.zeros((len(names), *like.shape), like.dtype)
    memory.arrays.update(zip(names, together, strict=True))
    return together

"""The tensors of a stage that steps: one array per input and output, one row per slot."""

import math
import mmap
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.batching.slots import Move
from speechtrt.specs import Reset, StageSpec, StateKind

SLOTS = "slots"
IN_PLACE = (StateKind.KV_CACHE, StateKind.RING_CACHE)


@dataclass(frozen=True, slots=True)
class Memory:
    """Arrays [slots, ...] by tensor name. A cache has one array under both its names, as the stage writes it in place.

    Other states have an array for each name, because a stage may still read one after it has written the other.
    """

    stage: StageSpec
    dims: Mapping[str, int]
    arrays: dict[str, Array]
    _carried: tuple[tuple[str, str], ...]  # inputs that take over an output after each step, with that output
    _zeroed: tuple[str, ...]  # inputs that a new owner finds empty

    @classmethod
    def allocate(cls, stage: StageSpec, dims: Mapping[str, int]) -> "Memory":
        """Zeroed arrays of the shapes that `dims` gives the stage; `dims` holds `slots`."""
        arrays = {t.name: _zeros(t.resolve(dims), t.dtype.value) for t in (*stage.inputs, *stage.outputs)}
        written = [(s.input, s.output, s.kind in IN_PLACE) for s in stage.states if s.output is not None]
        arrays |= {output: arrays[state] for state, output, in_place in written if in_place}
        carried = tuple((s, o) for s, o, in_place in written if not in_place)
        zeroed = tuple(s.input for s in stage.states if s.reset is Reset.ZERO)
        return cls(stage, dict(dims), arrays, carried, zeroed)

    def __getitem__(self, name: str) -> Array:
        return self.arrays[name]

    def reset(self, row: int) -> None:
        """Make a row ready for a new owner."""
        for state in self._zeroed:
            self.arrays[state][row] = 0

    def settle(self, rows: int, first: int = 0) -> None:
        """After a step over `rows` rows from `first` on: what it wrote beside its states becomes their content."""
        if not self._carried:
            return
        stepped = slice(first, first + rows)
        for state, output in self._carried:
            self.arrays[state][stepped] = self.arrays[output][stepped]

    def move(self, move: Move, used: Mapping[str, int]) -> None:
        """Copy every input of a row to another row; of a dimension in `used` only so much holds anything."""
        for tensor in self.stage.inputs:
            array = self.arrays[tensor.name]
            inner = tuple(slice(used.get(str(dim))) for dim in tensor.shape[1:])
            array[(move.target, *inner)] = array[(move.source, *inner)]

    def resized(self, dims: Mapping[str, int], rows: int, used: Mapping[str, int]) -> "Memory":
        """New arrays of other sizes that hold the first `rows` rows of these, as far as they fit and are `used`.

        These are given up one by one, so that memory never holds all of both.
        """
        new = Memory.allocate(self.stage, dims)
        for tensor in self.stage.outputs:
            del self.arrays[tensor.name]
        for tensor in self.stage.inputs:
            source, target = self.arrays.pop(tensor.name), new.arrays[tensor.name]
            fits = (min(sizes) for sizes in zip(source.shape[1:], target.shape[1:], strict=True))
            inner = (slice(min(n, used.get(str(dim), n))) for n, dim in zip(fits, tensor.shape[1:], strict=True))
            kept = (slice(rows), *inner)
            target[kept] = source[kept]
        return new


def _zeros(shape: tuple[int, ...], kind: str) -> Array:
    """Pages of their own: untouched ones take no memory, and all go back to the system at once, unlike the heap's."""
    dtype = np.dtype(kind)
    count = math.prod(shape)
    pages = mmap.mmap(-1, max(1, count * dtype.itemsize))
    return np.frombuffer(pages, dtype, count).reshape(shape)

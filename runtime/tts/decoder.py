"""The decoder stage over all active slots: one step for every sentence in the batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from speechtrt.runtime.backends.base import Array, Runner, Tensors
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.batching.slots import Move
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.utterance import Utterance
from speechtrt.specs import StateKind

MAX_LEN, TEXT_LEN = "max_len", "text_len"
TEXT_GRAIN = 32
SMALLEST = {MAX_LEN: 128, TEXT_LEN: TEXT_GRAIN}


@dataclass(slots=True)
class Decoder:
    """Owns the decoder's memory: its rows belong to slots, its lengths grow when a sentence needs it."""

    runner: Runner
    memory: Memory
    clock: StageClock

    @classmethod
    def open(cls, runner: Runner, slots: int, clock: StageClock) -> "Decoder":
        """A decoder of `slots` empty rows."""
        memory = Memory.allocate(runner.stage, {SLOTS: slots, **SMALLEST})
        runner.bind(memory.arrays)
        return cls(runner, memory, clock)

    def admit(self, row: int, rows: int, utterance: Utterance, encoded: Tensors) -> None:
        """Put a sentence and its encoding [1, ...] into a row; the first `rows` hold the others'.

        Caches get the length that it will need, while there is little in them that must be copied.
        """
        self._reserve({TEXT_LEN: encoded["text_mask"].shape[1], MAX_LEN: max(1, utterance.limits.usual)}, rows)
        self.memory.reset(row)
        for state in self.runner.stage.states:
            if state.kind is StateKind.MEMORY:
                _fill(self.memory[state.input][row], encoded[state.input][0])
        self.runner.push(slice(row, row + 1))
        self.memory["frame"][row] = 0
        self.memory["position"][row] = 0

    def step(self, utterances: Sequence[Utterance]) -> None:
        """Give every sentence, in row order, its next frames."""
        rows = len(utterances)
        self._reserve({MAX_LEN: max(u.steps for u in utterances) + 1}, rows)
        dropout = self.memory["dropout"]
        for row, utterance in enumerate(utterances):
            utterance.masks.draw(dropout[row])
        with self.clock.measure("decoder", rows):
            self.runner.step(rows)
        self.memory.settle(rows)
        self._deliver(utterances)

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        self.runner.pull(slice(move.source, move.source + 1))
        self.memory.move(move, {MAX_LEN: int(self.memory["position"][move.source])})
        self.runner.push(slice(move.target, move.target + 1))

    def _deliver(self, utterances: Sequence[Utterance]) -> None:
        rows = len(utterances)
        frames = self.memory["frames"]
        stops = self.memory["stop"][:rows].sum(axis=1).tolist()
        for row, utterance in enumerate(utterances):
            utterance.take(frames[row], stops[row])
        self.memory["frame"][:rows] = frames[:rows, -1]
        self.memory["position"][:rows] += 1

    def _reserve(self, needed: Mapping[str, int], rows: int) -> None:
        """An empty batch takes the smallest size that fits, a running one only grows."""
        dims = {name: self._bucket(name, size, rows) for name, size in needed.items()}
        if any(self.memory.dims[name] != size for name, size in dims.items()):
            self.runner.pull(slice(0, rows))
            self.runner.unbind()
            used = {MAX_LEN: int(self.memory["position"][:rows].max(initial=0))}
            self.memory = self.memory.resized({**self.memory.dims, **dims}, rows, used)
            self.runner.bind(self.memory.arrays)

    def _bucket(self, name: str, needed: int, rows: int) -> int:
        """Steps double, as a sentence's end is not known; a text's length is, and its padding costs time every step."""
        size = self.memory.dims[name] if rows else SMALLEST[name]
        if name == TEXT_LEN:
            return max(size, -(-needed // TEXT_GRAIN) * TEXT_GRAIN)
        while size < needed:
            size *= 2
        return size


def _fill(row: Array, value: Array) -> None:
    """Copy `value` into the front of `row`; a mask's tail is False, the rest of other tails is never read."""
    if row.dtype == np.bool_:
        row[...] = False
    row[tuple(slice(n) for n in value.shape)] = value

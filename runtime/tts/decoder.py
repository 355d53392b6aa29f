"""The decoder stage over all active slots: one step for every sentence in the batch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from speechtrt.runtime.backends.base import Array, Runner, Tensors
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.batching.slots import Move
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.tts.ledger import BLOCK, Front, Ledger
from speechtrt.runtime.tts.utterance import Utterance
from speechtrt.specs import StateKind

MAX_LEN, TEXT_LEN = "max_len", "text_len"
TEXT_GRAIN = 32
STRIDE_SECONDS = 0.010  # for which who is done or gives up may wait
SMALLEST = {MAX_LEN: 4 * BLOCK, TEXT_LEN: TEXT_GRAIN}


@dataclass(slots=True)
class Decoder:
    """Owns the decoder's memory: its rows belong to slots, its lengths grow when a sentence needs it.

    What every step does is the same few array operations for all rows; `step` says which sentences need more.
    """

    runner: Runner
    memory: Memory
    ledger: Ledger
    clock: StageClock
    _memories: tuple[str, ...]  # inputs that an encoding fills
    _fronts: dict[int, Front] = field(default_factory=dict)  # by number of rows

    @classmethod
    def open(cls, runner: Runner, slots: int, clock: StageClock) -> "Decoder":
        """A decoder of `slots` empty rows."""
        memory = Memory.allocate(runner.stage, {SLOTS: slots, **SMALLEST})
        runner.bind(memory.arrays)
        memories = tuple(s.input for s in runner.stage.states if s.kind is StateKind.MEMORY)
        return cls(runner, memory, Ledger.over(memory), clock, memories)

    @property
    def dropout(self) -> tuple[int, int]:
        """How many masks a step takes, and their units."""
        _, layers, units = self.memory["dropout"].shape
        return layers, units

    def admit(self, row: int, rows: int, utterance: Utterance, encoded: Tensors) -> None:
        """Put a sentence and its encoding [1, ...] into a row; the first `rows` hold the others'.

        Caches get the length that it will need, while there is little in them that must be copied.
        """
        self._reserve({TEXT_LEN: encoded["text_mask"].shape[1], MAX_LEN: max(1, utterance.limits.usual)}, rows)
        self.memory.reset(row)
        for name in self._memories:
            _fill(self.memory[name][row], encoded[name][0])
        self.runner.push(slice(row, row + 1))
        self.memory["frame"][row] = 0
        self.memory["position"][row] = 0
        self.ledger.admit(row, utterance)

    def run(self, rows: int, most: int, called: Callable[[], bool]) -> list[int]:
        """Decode steps of the first `rows` rows; which of these rows must be looked at before the next step.

        It ends at the first such step, after `most` steps or so many as fit into STRIDE_SECONDS, or when somebody has
        called.
        """
        ledger, step, settle = self.ledger, self.runner.step, self.memory.settle
        until = self.clock.now() + STRIDE_SECONDS
        front = self._fronts.get(rows)
        if front is None:
            front = self._fronts[rows] = Front(rows, self.memory, ledger)
        with self.clock.laps("decoder", rows) as laps:
            for _ in range(most):
                place = ledger.place
                front.feed(place)
                laps.begin()
                step(rows)
                laps.end()
                settle(rows)
                front.note(place)
                if (due := ledger.calls(front)) or called() or laps.ended >= until:
                    return due
        return []

    def look(self, row: int, rows: int, utterance: Utterance) -> bool:
        """Hand a sentence its frames and prepare what it needs next; whether somebody waits for them, or it has ended.

        `rows` rows are in use.
        """
        position = int(self.memory["position"][row])
        waited = self.ledger.take(row, utterance, position - utterance.steps)
        if utterance.finished:
            return True
        if self.ledger.place == 0:
            self.ledger.begin(row, utterance, position)
            self._reserve({MAX_LEN: min(position + BLOCK, utterance.limits.most)}, rows)
        self.ledger.watch(row, utterance)
        return waited

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        self.runner.pull(slice(move.source, move.source + 1))
        self.memory.move(move, {MAX_LEN: int(self.memory["position"][move.source])})
        self.ledger.move(move)
        self.runner.push(slice(move.target, move.target + 1))

    def _reserve(self, needed: Mapping[str, int], rows: int) -> None:
        """An empty batch takes the smallest size that fits, a running one only grows."""
        if rows and all(size <= self.memory.dims[name] for name, size in needed.items()):
            return
        dims = {name: self._bucket(name, size, rows) for name, size in needed.items()}
        if any(self.memory.dims[name] != size for name, size in dims.items()):
            self._fronts.clear()
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

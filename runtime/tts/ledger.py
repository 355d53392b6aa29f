"""What the decoder's rows read and write, a block of steps at a time: Python looks at a row now and then only."""

from dataclasses import dataclass

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.batching.slots import Move
from speechtrt.runtime.tts.utterance import BLOCK, Utterance


@dataclass(frozen=True, slots=True)
class Ledger:
    """Each row's next dropout masks and its last frames, and when somebody must look at it.

    That is when its position reaches `due` steps, or its stop probabilities add up to `bar`. `place` is where in
    [slots * BLOCK] a row reads its next masks and writes its next frames.
    """

    masks: Array  # [slots, BLOCK, layers, units]
    frames: Array  # [slots, BLOCK, reduction, mels]
    noise: Array  # [BLOCK, layers, units] float32, a workspace
    place: Array  # [slots]
    due: Array  # [slots]
    bar: Array  # [slots]
    stops: Array  # [slots], of the last step
    flags: Array  # [2, slots], a workspace

    @classmethod
    def over(cls, memory: Memory) -> "Ledger":
        """An empty ledger for the rows of a decoder's memory."""
        slots, dropout, frames = memory.dims[SLOTS], memory["dropout"], memory["frames"]
        return cls(
            masks=np.zeros((slots, BLOCK, *dropout.shape[1:]), dropout.dtype),
            frames=np.zeros((slots, BLOCK, *frames.shape[1:]), frames.dtype),
            noise=np.zeros((BLOCK, *dropout.shape[1:]), np.float32),
            place=np.zeros(slots, np.int64),
            due=np.zeros(slots, np.int64),
            bar=np.zeros(slots),
            stops=np.zeros(slots, np.float32),
            flags=np.zeros((2, slots), np.bool_),
        )

    def begin(self, row: int, utterance: Utterance) -> None:
        """A sentence starts its next block."""
        utterance.masks.draw(self.masks[row], self.noise)
        self.place[row] = row * BLOCK

    def watch(self, row: int, utterance: Utterance) -> None:
        """When to look at a sentence again."""
        self.due[row], self.bar[row] = utterance.due, utterance.bar

    def take(self, row: int, utterance: Utterance, steps: int) -> None:
        """Hand a sentence the frames up to step number `steps`, the first of which it lacks are in this block."""
        first = utterance.steps % BLOCK
        utterance.take(self.frames[row, first : first + steps - utterance.steps], float(self.stops[row]))

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        for array in (self.masks, self.frames, self.due, self.bar):
            array[move.target] = array[move.source]
        self.place[move.target] = self.place[move.source] + (move.target - move.source) * BLOCK


class Front:
    """The first `rows` rows: views that are made once, as making them would take as long as using them."""

    def __init__(self, rows: int, memory: Memory, ledger: Ledger) -> None:
        front = slice(rows)
        self._dropout, self._frame, self._position = (memory[n][front] for n in ("dropout", "frame", "position"))
        self._frames, self._stop = memory["frames"][front], memory["stop"][front]
        self._last = self._frames[:, -1]
        self._masks, self._kept = (a.reshape(-1, *a.shape[2:]) for a in (ledger.masks, ledger.frames))
        self._place, self._due, self._bar = ledger.place[front], ledger.due[front], ledger.bar[front]
        self._stops, (self._late, self._ending) = ledger.stops[front], ledger.flags[:, front]

    def feed(self) -> None:
        """Before a step: every row's masks."""
        np.take(self._masks, self._place, axis=0, out=self._dropout, mode="clip")  # other modes take a detour

    def note(self) -> list[int]:
        """After a step: keep its frames, feed them back, and say which rows must be looked at."""
        self._kept[self._place] = self._frames
        self._frame[...] = self._last
        np.add(self._place, 1, out=self._place)
        np.add(self._position, 1, out=self._position)
        np.add.reduce(self._stop, axis=1, out=self._stops)
        np.greater_equal(self._position, self._due, out=self._late)
        np.greater_equal(self._stops, self._bar, out=self._ending)
        np.logical_or(self._late, self._ending, out=self._late)
        return np.flatnonzero(self._late).tolist() if np.count_nonzero(self._late) else []

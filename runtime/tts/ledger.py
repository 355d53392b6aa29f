"""What the decoder's rows read and write, a block of steps at a time: Python looks at a row now and then only."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.batching.slots import Move
from speechtrt.runtime.tts.utterance import STABLE_STEPS, Utterance

BLOCK = 32  # steps that a sentence goes unseen at most
COUNT = np.arange(1, BLOCK + 1)


@dataclass(slots=True)
class Ledger:
    """Positions, dropout masks and frames of all rows in a block of steps, and when somebody must look at a row.

    That is after step number `due`, when the block is full, or when its stop probabilities have added up to `bar` for
    STABLE_STEPS steps.
    """

    positions: Array  # [BLOCK, slots], after the step
    masks: Array  # [BLOCK, slots, layers, units]
    frames: Array  # [BLOCK, slots, reduction, mels]
    due: list[int]  # by slot
    bar: list[float]  # by slot
    stops: list[int]  # by slot: in so many steps in a row, the bar was reached
    step: int = 0
    _next: int = 0  # nobody is due before
    _quiet: float = math.inf  # while no stop probability is above, none of `stops` changes

    @classmethod
    def over(cls, memory: Memory) -> "Ledger":
        """An empty ledger for the rows of a decoder's memory."""
        slots = memory.dims[SLOTS]
        blocks = (memory[name] for name in ("position", "dropout", "frames"))
        positions, masks, frames = (np.zeros((BLOCK, *array.shape), array.dtype) for array in blocks)
        return cls(positions, masks, frames, [0] * slots, [math.inf] * slots, [0] * slots)

    @property
    def place(self) -> int:
        """Of the next step in its block."""
        return self.step % BLOCK

    def admit(self, row: int, utterance: Utterance) -> None:
        """A sentence is about to make its first step."""
        self.stops[row] = 0
        self.begin(row, utterance, 0)
        self.watch(row, utterance)

    def begin(self, row: int, utterance: Utterance, position: int) -> None:
        """A sentence that has made `position` steps needs the rest of the block."""
        place = self.place
        utterance.masks.draw(self.masks[place:, row])
        np.add(COUNT[: BLOCK - place], position, out=self.positions[place:, row])

    def watch(self, row: int, utterance: Utterance) -> None:
        """When to look at a sentence again."""
        self.due[row] = self.step + min(utterance.due - utterance.steps, BLOCK - self.place)
        self.bar[row] = utterance.bar
        self._next = min(self._next, self.due[row])
        self._hush()

    def calls(self, front: "Front") -> list[int]:
        """A step has been made: which rows must be looked at before the next."""
        self.step += 1
        stop = front.stop()
        if self.step < self._next and max(stop) < self._quiet:  # as after nearly every step
            return []
        late = self._late(front.rows)
        said = self._said(front) if max(stop) >= self._quiet else []
        return sorted({*late, *said}) if said else late

    def take(self, row: int, utterance: Utterance, steps: int) -> bool:
        """Hand a sentence its latest `steps` steps; whether somebody waits for them."""
        end = (self.step - 1) % BLOCK + 1
        return utterance.take(self.frames[end - steps : end, row], self.stops[row])

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        for array in (self.positions, self.masks, self.frames):
            array[:, move.target] = array[:, move.source]
        for column in (self.due, self.stops):
            column[move.target] = column[move.source]
        self.bar[move.target] = self.bar[move.source]

    def _late(self, rows: int) -> list[int]:
        if self.step < self._next:
            return []
        due = self.due[:rows]
        self._next = min((step for step in due if step > self.step), default=self.step + BLOCK)
        return [row for row, step in enumerate(due) if step <= self.step]

    def _said(self, front: "Front") -> list[int]:
        rows = zip(front.stops(), self.bar, self.stops, strict=False)  # those that are in use
        stops = [stops + 1 if sum(stop) >= bar else 0 for stop, bar, stops in rows]
        self.stops = stops + [0] * (len(self.stops) - len(stops))
        self._hush()
        return [row for row, count in enumerate(stops) if count == STABLE_STEPS]

    def _hush(self) -> None:
        """Who has begun to stop is heard out; otherwise no row reaches its bar with less than its share of it."""
        self._quiet = -math.inf if any(self.stops) else min(self.bar) / self.frames.shape[2]


class Front:
    """The first `rows` rows, and what every step does to them: copies, and nothing else.

    Between two steps the caches of a core are full of the model's weights, so that each kind of operation costs
    far more than its work, the first time; and arrays of many numbers would be copied without the interpreter's lock,
    which then had to be waited for. So views are made once, and a row of them counts as one number.
    """

    def __init__(self, rows: int, memory: Memory, ledger: Ledger) -> None:
        front = slice(rows)
        self.rows = rows
        frames = memory["frames"][front]
        stops = memory["stop"][front]
        self.stop: Callable[[], list[float]] = stops.reshape(-1).tolist  # of the last step [rows * reduction]
        self.stops: Callable[[], list[list[float]]] = stops.tolist  # the same [rows, reduction]
        self._dropout, self._frames = _rows(memory["dropout"][front]), _rows(frames)
        self._last, self._frame = _rows(frames[:, -1]), _rows(memory["frame"][front])
        self._position = memory["position"][front]
        self._positions = [ledger.positions[place, front] for place in range(BLOCK)]
        self._masks = [_rows(ledger.masks[place, front]) for place in range(BLOCK)]
        self._kept = [_rows(ledger.frames[place, front]) for place in range(BLOCK)]

    def feed(self, place: int) -> None:
        """Before a step: its masks."""
        np.copyto(self._dropout, self._masks[place])

    def note(self, place: int) -> None:
        """After a step: keep its frames, feed them back, and go on by one position."""
        np.copyto(self._kept[place], self._frames)
        np.copyto(self._frame, self._last)
        np.copyto(self._position, self._positions[place])


def _rows(array: Array) -> Array:
    """A view [rows] of `array`, whose inner dimensions are contiguous."""
    flat = array.reshape(len(array), -1)
    return flat.view(np.dtype((np.void, flat.shape[1] * flat.itemsize)))[:, 0]

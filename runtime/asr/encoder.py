"""The streaming encoder over all active slots: one chunk for every stream that has one."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechtrt.runtime.asr.windows import Window
from speechtrt.runtime.backends.base import Array, Runner
from speechtrt.runtime.batching.memory import SLOTS, Memory
from speechtrt.runtime.batching.slots import Move, Swap


@dataclass(frozen=True, slots=True)
class Encoder:
    """Owns the encoder's memory: its rows belong to slots."""

    runner: Runner
    memory: Memory

    @classmethod
    def open(cls, runner: Runner, slots: int) -> "Encoder":
        """An encoder of `slots` empty rows."""
        memory = Memory.allocate(runner.stage, {SLOTS: slots})
        runner.bind(memory.arrays)
        return cls(runner, memory)

    def admit(self, row: int) -> None:
        """Make a row ready for a new stream."""
        self.memory.reset(row)

    def step(self, windows: Sequence[Window]) -> list[Array]:
        """Log-probabilities [frames, labels] of the first rows' windows; valid until the next step."""
        rows = len(windows)
        self._load(windows)
        self.runner.step(rows)
        self.memory.settle(rows)
        log_probs, frames = self.memory["log_probs"], self.memory["frames"]
        return [log_probs[row, : int(frames[row])] for row in range(rows)]

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        self.memory.move(move)

    def swap(self, swap: Swap) -> None:
        """Exchange two rows."""
        self.memory.swap(swap)

    def _load(self, windows: Sequence[Window]) -> None:
        pcm, samples = self.memory["pcm"], self.memory["samples"]
        for row, window in enumerate(windows):
            count = len(window.samples)
            pcm[row, :count] = window.samples
            pcm[row, count:] = 0
            samples[row] = count


def label_texts(pieces: Sequence[str], labels: int, blank: int) -> tuple[str, ...]:
    """The text of every label: the pieces in order, with nothing for the blank wherever it is."""
    texts = iter(pieces)
    return tuple("" if label == blank else next(texts, "") for label in range(labels))

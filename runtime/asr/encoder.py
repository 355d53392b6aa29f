"""The streaming encoder over all active slots: one chunk for every stream that has one."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechtrt.audio import Samples
from speechtrt.runtime.asr.decoding.base import Frames
from speechtrt.runtime.asr.memory import StreamMemory
from speechtrt.runtime.backends.base import Runner
from speechtrt.runtime.batching.slots import Move, Swap
from speechtrt.specs import StageSpec, StateKind


@dataclass(frozen=True, slots=True)
class Encoder:
    """Owns the encoder's memory: its rows belong to slots."""

    runner: Runner
    memory: StreamMemory
    past: int  # frames that a ring keeps

    @classmethod
    def open(cls, runner: Runner, slots: int) -> "Encoder":
        """An encoder of `slots` empty rows."""
        memory = StreamMemory.allocate(runner.stage, slots)
        runner.bind(memory.arrays)
        return cls(runner, memory, _past(runner.stage))

    @property
    def labels(self) -> int:
        """How many labels a frame chooses from, the blank included."""
        return int(self.memory["log_probs"].shape[-1])

    def admit(self, row: int) -> None:
        """Make a row ready for a new stream."""
        self.memory.reset(row)
        self.runner.push(slice(row, row + 1))

    def window(self, row: int) -> Samples:
        """Where a row's next window [window] is to be written; `expect` says how much of it is no padding."""
        window: Samples = self.memory["pcm"][row]
        return window

    def expect(self, row: int, samples: int) -> None:
        """A row's window begins with so many samples of the stream."""
        self.memory["samples"][row] = samples

    def step(self, rows: int, first: int) -> None:
        """Hear the windows of `rows` rows from `first` on. Raises BackendError."""
        self.runner.step(rows, first)
        self.memory.settle(rows, first)

    def frames(self, rows: int, first: int, numbers: Sequence[int]) -> list[Frames]:
        """What the last step made of these rows; `numbers` are those of each row's first frame in its stream."""
        log_probs = self.memory["log_probs"][first : first + rows]
        counts = self.memory["frames"][first : first + rows].tolist()
        labels, best = log_probs.argmax(axis=2).tolist(), log_probs.max(axis=2).tolist()
        return [
            Frames(number, log_probs[row, :count], labels[row][:count], best[row][:count])
            for row, (number, count) in enumerate(zip(numbers, counts, strict=True))
        ]

    def move(self, move: Move) -> None:
        """Copy a row to another."""
        self.runner.pull(slice(move.source, move.source + 1))
        self.memory.move(move, self._used(move.source))
        self.runner.push(slice(move.target, move.target + 1))

    def swap(self, swap: Swap) -> None:
        """Exchange two rows."""
        rows = [slice(row, row + 1) for row in (swap.first, swap.second)]
        for row in rows:
            self.runner.pull(row)
        self.memory.swap(swap, self._used(swap.first, swap.second))
        for row in rows:
            self.runner.push(row)

    def _used(self, *rows: int) -> int | None:
        """How many places of these rows' rings hold something; None for all, as in one that may have wrapped.

        A ring fills from its front, and wraps when it holds all of the past.
        """
        held = max((int(self.memory["cache_len"][row]) for row in rows) if self.past else (0,))
        return held if held < self.past else None


def _past(stage: StageSpec) -> int:
    """A ring [slots, heads, ring, width] has room for the past and one chunk."""
    places = [stage.input(state.input).shape[2] for state in stage.states if state.kind is StateKind.RING_CACHE]
    chunk = stage.output("log_probs").shape[1]
    return min((place - chunk for place in places if isinstance(place, int) and isinstance(chunk, int)), default=0)


def label_texts(pieces: Sequence[str], labels: int, blank: int) -> tuple[str, ...]:
    """The text of every label: the pieces in order, with nothing for the blank wherever it is."""
    texts = iter(pieces)
    return tuple("" if label == blank else next(texts, "") for label in range(labels))

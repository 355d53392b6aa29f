"""A stream of samples cut into the overlapping windows that a streaming encoder takes."""

from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec


@dataclass(slots=True)
class WindowCutter:
    """Holds the samples that future windows need, in one buffer that grows only while the stream falls behind.

    `hop` is samples per feature frame, `rate` samples per second. Samples are copied through memoryviews: numpy lets go
    of the interpreter's lock for each copy, which takes less time than to get it back from the other threads.
    """

    chunk: ChunkSpec
    hop: int
    rate: int
    _buffer: Samples = field(init=False)
    _head: int = 0
    _tail: int = 0
    _total: int = 0
    _taken: int = 0
    _ended: bool = False

    def __post_init__(self) -> None:
        self._buffer = np.zeros(self.chunk.window + self.chunk.shift, np.float32)
        self._tail = self.chunk.lead

    @property
    def pending(self) -> int:
        """Samples that are held, with those that the next window shares with the one before."""
        return self._tail - self._head

    @property
    def seconds(self) -> float:
        """How much audio waits."""
        return max(0, self.pending - self.chunk.window + self.chunk.shift) / self.rate

    @property
    def frames(self) -> int:
        """Encoder frames of a stream of the samples so far: every halving of the features makes n // 2 + 1 of n."""
        factor = self.frame // self.hop
        return (self._total // self.hop + 2 * (factor - 1)) // factor

    @property
    def frame(self) -> int:
        """Samples per encoder frame."""
        return self.chunk.shift // self.chunk.frames

    @property
    def ready(self) -> bool:
        """Whether `take` has a window to give."""
        if self._ended:
            return self._taken * self.chunk.frames < self.frames
        return self.pending >= self.chunk.window

    def push(self, samples: Samples) -> None:
        """Append samples [n]."""
        count = len(samples)
        if self._tail + count > len(self._buffer):
            self._make_room(count)
        self._buffer.data[self._tail : self._tail + count] = samples.data
        self._tail += count
        self._total += count

    def end(self) -> None:
        """No more samples: what is left comes in windows that are padded."""
        self._ended = True

    def take(self, row: Samples) -> int:
        """Write the next window, which must be `ready`, into `row` [window]; how many of its samples are no padding."""
        assert self.ready
        count = min(self.pending, self.chunk.window)
        row.data[:count] = self._buffer.data[self._head : self._head + count]
        if count < len(row):
            row[count:] = 0
        self._head = min(self._head + self.chunk.shift, self._tail)
        self._taken += 1
        return count

    def drop(self, frames: int) -> int:
        """Forget up to `frames` encoder frames of the oldest samples but keep the newest window; frames forgotten."""
        spare = (self.pending - self.chunk.window) // self.frame
        dropped = max(0, min(frames, spare))
        self._head += dropped * self.frame
        self._total -= dropped * self.frame
        return dropped

    def _make_room(self, count: int) -> None:
        """Move what waits to the front, in a larger buffer when it does not fit into this one."""
        pending, needed = self._buffer.data[self._head : self._tail], self.pending + count
        if needed > len(self._buffer):
            self._buffer = np.empty(max(needed, 2 * len(self._buffer)), np.float32)
        self._buffer.data[: len(pending)] = pending
        self._head, self._tail = 0, len(pending)

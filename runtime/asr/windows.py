"""A stream of samples cut into the overlapping windows that a streaming encoder takes."""

from dataclasses import dataclass, field

import numpy as np

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec


@dataclass(frozen=True, slots=True)
class Window:
    """The stream's next `samples` [n], n <= the chunk's window; a shorter one is followed by padding."""

    samples: Samples


@dataclass(slots=True)
class WindowCutter:
    """Holds the samples that future windows need. `hop` is samples per feature frame."""

    chunk: ChunkSpec
    hop: int
    _pending: Samples = field(init=False)
    _total: int = 0
    _taken: int = 0
    _ended: bool = False

    def __post_init__(self) -> None:
        self._pending = np.zeros(self.chunk.lead, np.float32)

    @property
    def frames(self) -> int:
        """Encoder frames of a stream of the samples so far: every halving of the features makes n // 2 + 1 of n."""
        factor = self.chunk.shift // self.chunk.frames // self.hop
        return (self._total // self.hop + 2 * (factor - 1)) // factor

    @property
    def ready(self) -> bool:
        """Whether `take` has a window to give."""
        if self._ended:
            return self._taken * self.chunk.frames < self.frames
        return len(self._pending) >= self.chunk.window

    def push(self, samples: Samples) -> None:
        """Append samples [n]."""
        self._total += len(samples)
        self._pending = np.concatenate([self._pending, samples])

    def end(self) -> None:
        """No more samples: what is left comes in windows that are padded."""
        self._ended = True

    def take(self) -> Window:
        """The next window, which must be `ready`."""
        assert self.ready
        window = Window(self._pending[: self.chunk.window])
        self._pending = self._pending[self.chunk.shift :]
        self._taken += 1
        return window

"""Latencies of late."""

import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

TAIL = 0.95


@dataclass(slots=True)
class Window:
    """Samples with the time at which they were taken, the oldest first; at most `most` of them."""

    most: int | None = None
    _samples: deque[tuple[float, float]] = field(init=False)  # (when, latency)

    def __post_init__(self) -> None:
        self._samples = deque(maxlen=self.most)

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def p95(self) -> float:
        """95th percentile; 0 without samples."""
        ordered = sorted(latency for _, latency in self._samples)
        return ordered[math.ceil(TAIL * len(ordered)) - 1] if ordered else 0.0

    def add(self, now: float, latencies: Iterable[float]) -> None:
        """Keep what was seen at `now`."""
        self._samples.extend((now, latency) for latency in latencies)

    def forget(self, before: float) -> None:
        """Drop what is older than `before`."""
        while self._samples and self._samples[0][0] < before:
            self._samples.popleft()

"""Where the time goes: seconds, calls and rows of every stage."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StageTime:
    """What one stage has used. `rows` counts the rows of all its calls."""

    stage: str
    seconds: float
    calls: int
    rows: int

    @property
    def rows_per_call(self) -> float:
        """Mean batch size; divided by the number of slots it is the batch fill."""
        return self.rows / self.calls if self.calls else 0.0


class _Inner(threading.local):
    """Seconds that stages measured inside the current one have used, in this thread."""

    seconds: float = 0.0


@dataclass(slots=True)
class StageClock:
    """Adds up time per stage, over any number of threads. A stage's time is without that of the stages inside it."""

    now: Callable[[], float] = time.perf_counter
    _times: dict[str, StageTime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _inner: _Inner = field(default_factory=_Inner)

    @contextmanager
    def measure(self, stage: str, rows: int = 1) -> Iterator[None]:
        """Count the block as one call of `stage` over `rows` rows."""
        before, self._inner.seconds = self._inner.seconds, 0.0
        start = self.now()
        try:
            yield
        finally:
            seconds = self.now() - start
            self._add(stage, seconds - self._inner.seconds, rows)
            self._inner.seconds = before + seconds

    def time(self, stage: str) -> StageTime:
        """The time of one stage; zero when it has not run."""
        return self._times.get(stage, StageTime(stage, 0.0, 0, 0))

    def times(self) -> tuple[StageTime, ...]:
        """Every stage that has run, in order of first use."""
        with self._lock:
            return tuple(self._times.values())

    def reset(self) -> None:
        """Forget everything, as before a measurement."""
        with self._lock:
            self._times.clear()

    def _add(self, stage: str, seconds: float, rows: int) -> None:
        with self._lock:
            old = self.time(stage)
            self._times[stage] = StageTime(stage, old.seconds + seconds, old.calls + 1, old.rows + rows)

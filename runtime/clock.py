"""Where the time goes: seconds, calls and rows of every stage."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from time import thread_time
from types import TracebackType


@dataclass(frozen=True, slots=True)
class StageTime:
    """What one stage has used. `rows` counts the rows of all its calls.

    `seconds` pass, also while the stage's thread waits for a core that others use; `own_seconds` are of the processor's
    time, of the threads that called the stage and not of those that an engine has besides.
    """

    stage: str
    seconds: float
    calls: int
    rows: int
    own_seconds: float = 0.0

    @property
    def rows_per_call(self) -> float:
        """Mean batch size; divided by the number of slots it is the batch fill."""
        return self.rows / self.calls if self.calls else 0.0


class _Inner(threading.local):
    """Seconds that stages measured inside the current one have used, in this thread."""

    seconds: float = 0.0
    own_seconds: float = 0.0


@dataclass(slots=True)
class _Tally:
    """A StageTime that grows."""

    seconds: float = 0.0
    calls: int = 0
    rows: int = 0
    own_seconds: float = 0.0


@dataclass(slots=True)
class StageClock:
    """Adds up time per stage, over any number of threads. A stage's time is without that of the stages inside it."""

    now: Callable[[], float] = time.perf_counter
    _tallies: dict[str, _Tally] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _inner: _Inner = field(default_factory=_Inner)

    def measure(self, stage: str, rows: int = 1) -> AbstractContextManager[None]:
        """Count the block as one call of `stage` over `rows` rows."""
        return _Lap(self, stage, rows)

    def laps(self, stage: str, rows: int = 1) -> "Laps":
        """Count short calls of `stage` over `rows` rows, one soon after the other; they are added up at the end."""
        return Laps(self, stage, rows)

    def time(self, stage: str) -> StageTime:
        """The time of one stage; zero when it has not run."""
        with self._lock:
            return self._read(stage, self._tallies.get(stage, _Tally()))

    def times(self) -> tuple[StageTime, ...]:
        """Every stage that has run, in order of first use."""
        with self._lock:
            return tuple(self._read(stage, tally) for stage, tally in self._tallies.items())

    def reset(self) -> None:
        """Forget everything, as before a measurement."""
        with self._lock:
            self._tallies.clear()

    def _read(self, stage: str, tally: _Tally) -> StageTime:
        return StageTime(stage, tally.seconds, tally.calls, tally.rows, tally.own_seconds)

    def _add(self, stage: str, seconds: float, own_seconds: float, rows: int, calls: int = 1) -> None:
        with self._lock:
            tally = self._tallies.get(stage)
            if tally is None:
                tally = self._tallies[stage] = _Tally()
            tally.seconds += seconds
            tally.own_seconds += own_seconds
            tally.calls += calls
            tally.rows += rows


class _Lap:
    """One measured block; a class, as a generator's context manager takes as long as a small stage's bookkeeping."""

    __slots__ = ("_before", "_clock", "_rows", "_stage", "_start")

    def __init__(self, clock: StageClock, stage: str, rows: int) -> None:
        self._clock, self._stage, self._rows = clock, stage, rows

    def __enter__(self) -> None:
        inner = self._clock._inner
        self._before = inner.seconds, inner.own_seconds
        inner.seconds = inner.own_seconds = 0.0
        self._start = self._clock.now(), thread_time()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        clock, inner = self._clock, self._clock._inner
        seconds, own_seconds = clock.now() - self._start[0], thread_time() - self._start[1]
        clock._add(self._stage, seconds - inner.seconds, own_seconds - inner.own_seconds, self._rows)
        inner.seconds, inner.own_seconds = self._before[0] + seconds, self._before[1] + own_seconds


class Laps:
    """Calls of one stage, each between `begin` and `end`; no other stage is measured meanwhile in this thread.

    Between two calls nothing is locked or looked up: after a model has flushed a core's caches, that costs ten times
    as much as otherwise.
    """

    __slots__ = (
        "_calls",
        "_clock",
        "_now",
        "_own_seconds",
        "_rows",
        "_running",
        "_seconds",
        "_stage",
        "_start",
        "ended",
    )

    def __init__(self, clock: StageClock, stage: str, rows: int) -> None:
        self._clock, self._stage, self._rows, self._now = clock, stage, rows, clock.now
        self._calls, self._seconds, self._own_seconds = 0, 0.0, 0.0
        self._running = False
        self._start = 0.0, 0.0
        self.ended = 0.0  # when the last call did

    def begin(self) -> None:
        """The stage is about to be called."""
        self._running = True
        self._start = self._now(), thread_time()

    def end(self) -> None:
        """It has returned."""
        own_seconds, self.ended = thread_time(), self._now()
        seconds_before, own_before = self._start
        self._own_seconds += own_seconds - own_before
        self._seconds += self.ended - seconds_before
        self._calls += 1
        self._running = False

    def __enter__(self) -> "Laps":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running:
            self.end()
        inner = self._clock._inner
        inner.seconds += self._seconds
        inner.own_seconds += self._own_seconds
        self._clock._add(self._stage, self._seconds, self._own_seconds, self._rows * self._calls, self._calls)

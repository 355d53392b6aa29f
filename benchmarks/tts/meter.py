"""Clocks over a part of a run: time, CPU time, and time per stage of a synthesizer."""

from dataclasses import dataclass, field

from speechtrt.benchmarks.measure.clock import Elapsed, Stopwatch
from speechtrt.runtime.clock import StageClock, StageTime

DECODER, SCHEDULER = "decoder", "scheduler"


@dataclass(frozen=True, slots=True)
class Window:
    """What happened between two moments. `rows_per_step` is the mean batch of the decoder.

    `scheduler_own_seconds` are of the processor's time.
    """

    elapsed: Elapsed
    stage_seconds: dict[str, float]
    steps: int
    rows_per_step: float
    scheduler_own_seconds: float


@dataclass(slots=True)
class Meter:
    """Starts when it is made, and again at `restart`; `stop` freezes it, and only the first time."""

    clock: StageClock
    _watch: Stopwatch = field(init=False)
    _before: dict[str, StageTime] = field(init=False)
    _window: Window | None = None

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        """Forget what was, as if the run began now."""
        self._watch = Stopwatch()
        self._before = {time.stage: time for time in self.clock.times()}

    def stop(self) -> Window:
        """The window up to the first call of this."""
        if self._window is None:
            self._window = self._read()
        return self._window

    def _read(self) -> Window:
        elapsed = self._watch.read()
        seconds = {t.stage: t.seconds - self._old(t.stage).seconds for t in self.clock.times()}
        decoder, old = self.clock.time(DECODER), self._old(DECODER)
        steps = decoder.calls - old.calls
        scheduler = self.clock.time(SCHEDULER).own_seconds - self._old(SCHEDULER).own_seconds
        return Window(elapsed, seconds, steps, (decoder.rows - old.rows) / max(1, steps), scheduler)

    def _old(self, stage: str) -> StageTime:
        return self._before.get(stage, StageTime(stage, 0.0, 0, 0))

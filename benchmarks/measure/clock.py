"""Wall time and CPU time of a block, ours and everyone else's."""

import os
import time
from dataclasses import dataclass

import psutil


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Wall seconds, CPU seconds of this process, and the share of the machine's cores that others used meanwhile."""

    wall: float
    cpu: float
    foreign_share: float


class Stopwatch:
    """Runs from its creation; read it as often as you like."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()
        self._machine = _busy_seconds()

    @property
    def wall(self) -> float:
        """Wall seconds so far."""
        return time.perf_counter() - self._wall

    def read(self) -> Elapsed:
        """All clocks so far."""
        wall, cpu = self.wall, time.process_time() - self._cpu
        foreign = _busy_seconds() - self._machine - cpu
        return Elapsed(wall, cpu, max(0.0, foreign) / (wall * (os.cpu_count() or 1)))


def _busy_seconds() -> float:
    """CPU seconds the whole machine spent on anything, time stolen by the hypervisor included."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    return float(sum(times[:8]) - idle)

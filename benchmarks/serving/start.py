"""How fast the command becomes a server, and what a server costs that nobody asks for anything."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speechtrt.benchmarks.serving.process import Capacity, ServerProcess


@dataclass(frozen=True, slots=True)
class StartTrial:
    """From the command to its word that it is ready, and the cores it uses while it waits."""

    measure: Literal["start"]
    ready_seconds: float
    start_cpu_seconds: float
    idle_seconds: float
    idle_cores: float
    memory_bytes: int


def start_trial(engines: Sequence[Path], idle_seconds: float) -> StartTrial:
    """Start a server, leave it alone, and stop it. Raises BenchmarkError."""
    with ServerProcess.start(engines, Capacity(64)) as server:
        begun, start = server.cpu_seconds, time.perf_counter()
        time.sleep(idle_seconds)
        seconds = time.perf_counter() - start
        cores = (server.cpu_seconds - begun) / seconds
        return StartTrial("start", server.ready_seconds, begun, seconds, cores, server.memory_bytes)

"""The settings with which sherpa-onnx hears most in time: found by trying them on a full queue."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.sherpa import Models, SherpaServer, SherpaSettings
from speechtrt.errors import BenchmarkError
from speechtrt.precision import Precision

BATCHES = (4, 8, 16, 32)
QUICK_BATCHES = (8,)
STREAMS = 64


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, the chunks a second they decoded from a full queue, and how long a step of theirs took."""

    settings: SherpaSettings
    chunks_per_second: float
    step_seconds: float


@dataclass(frozen=True, slots=True)
class TryAll:
    """Tries every setting of a chunk size on `cores` cores, in a process of its own."""

    models: Models
    chunk_milliseconds: int
    samples: Samples
    batches: tuple[int, ...]

    def __call__(self, _workload: object) -> tuple[Tried, ...]:
        """Every setting. Raises BenchmarkError."""
        return tuple(self._try(settings) for settings in self._settings())

    def _settings(self) -> Iterator[SherpaSettings]:
        """As many threads as there are cores: beside each other, or inside each step."""
        cores = os.cpu_count() or 1
        layouts = ((cores, 1), (1, cores)) if cores > 1 else ((1, 1),)
        for precision, (workers, threads), batch in product((Precision.FP32, Precision.INT8), layouts, self.batches):
            yield SherpaSettings(precision, workers, threads, batch)

    def _try(self, settings: SherpaSettings) -> Tried:
        with SherpaServer.load(self.models[self.chunk_milliseconds, settings.precision], settings) as server:
            connections = [server.connect() for _ in range(STREAMS)]
            for connection in connections:
                connection.accept(self.samples)
                connection.end()
            start = time.perf_counter()
            server.start()
            while not all(connection.over for connection in connections):
                time.sleep(0.002)
            seconds, used = time.perf_counter() - start, server.clock.time("decoding")
        return Tried(settings, used.rows / seconds, used.seconds / used.calls)


def best(tried: Sequence[Tried], slo_seconds: float) -> SherpaSettings:
    """The fastest settings whose step leaves half of the time for waiting. Raises BenchmarkError without any."""
    fit = [one for one in tried if one.step_seconds <= slo_seconds / 2] or list(tried)
    if not fit:
        raise BenchmarkError("no settings of the peer were tried; expected some")
    return max(fit, key=lambda one: one.chunks_per_second).settings

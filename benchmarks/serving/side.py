"""A served recogniser as a side of the streaming benchmark: the same clients, over sockets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Protocol

from speechtrt.benchmarks.serving.figures import Figures
from speechtrt.benchmarks.serving.process import Capacity, ServerProcess
from speechtrt.benchmarks.serving.timetable import Timetables
from speechtrt.benchmarks.stream.connection import Connection, ServerState
from speechtrt.closing import Closing

PLACES = 1.25  # for each client: its last words are heard to their end while it goes on


class Clients(Protocol):
    """How clients of one protocol reach a server."""

    def connect(self) -> Connection:
        """A new stream."""

    def close(self) -> None:
        """Leave."""


ClientsFactory = Callable[[ServerProcess, Timetables], Clients]


@dataclass(slots=True)
class ServedServer(Closing):
    """A running server, its clients, and what it had counted at the last reset."""

    process: ServerProcess
    clients: Clients
    tables: Timetables
    _figures: Figures = field(init=False)
    _cpu: float = field(init=False)

    def __post_init__(self) -> None:
        self.reset()

    @property
    def lookahead_seconds(self) -> float:
        """As in process."""
        return self.tables.lookahead_seconds

    def connect(self) -> Connection:
        """A new stream."""
        return self.clients.connect()

    def reset(self) -> None:
        """Count from here."""
        self._figures, self._cpu = self.process.figures(), self.process.cpu_seconds

    def state(self) -> ServerState:
        """What it has counted since. Raises BenchmarkError."""
        cpu, now, before = self.process.cpu_seconds - self._cpu, self.process.figures(), self._figures
        batches, slots, rows = (
            int(now.total(name) - before.total(name))
            for name in ("batches_total", "batch_slots_total", "batch_rows_total")
        )
        earlier = before.by("stage_seconds_total", "stage")
        return ServerState(
            batches=batches,
            rows=rows,
            batch=slots // batches if batches else 0,
            stage_seconds={n: v - earlier.get(n, 0.0) for n, v in now.by("stage_seconds_total", "stage").items()},
            rung=int(now.total("overload_rung")),
            cpu_seconds=cpu,
            memory_bytes=self.process.memory_bytes,
            told_share=self.tables.told_share,
        )

    def close(self) -> None:
        """End clients and server."""
        self.clients.close()
        self.process.close()


@dataclass(frozen=True, slots=True)
class ServedSide:
    """How to start a server for so many streams, with its clients in this process."""

    engines: Path
    tables: Timetables
    clients: ClientsFactory

    def __call__(self, chunk_milliseconds: int, streams: int) -> ServedServer:
        """A server with a place for every stream, which it hears in its largest chunk; late or not, it refuses nobody.

        Raises BenchmarkError.
        """
        process = ServerProcess.start([self.engines], Capacity(int(streams * PLACES) + 1, late_seconds=inf))
        return ServedServer(process, self.clients(process, self.tables), self.tables)

"""A recogniser inside of a Triton server as a side of the streaming benchmark: the same clients, over gRPC."""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.serving.figures import Figures, scrape
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.connection import Connection, ServerState
from speechtrt.benchmarks.triton.connection import TritonClients
from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.benchmarks.triton.process import TritonProcess
from speechtrt.bundle import ChunkSpec
from speechtrt.closing import Closing
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BenchmarkError

PLACES = 1.25  # for each client: its last words are heard to their end while it goes on
COUNTERS = ("batches_total", "batch_slots_total", "batch_rows_total")


@dataclass(slots=True)
class TritonServer(Closing):
    """A running server with its clients, and what it had counted at the last reset."""

    process: TritonProcess
    clients: TritonClients
    closing: ExitStack
    _figures: Figures = field(init=False)
    _cpu: float = field(init=False)

    def __post_init__(self) -> None:
        self.reset()

    @property
    def lookahead_seconds(self) -> float:
        """As in process."""
        return self.clients.lookahead_seconds

    def connect(self) -> Connection:
        """A new stream."""
        return self.clients.connect()

    def reset(self) -> None:
        """Count from here."""
        self._figures, self._cpu = scrape(self.process.ports["metrics"]), self.cpu_seconds

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the server and of its Python processes so far."""
        times = [process.cpu_times() for process in self._processes()]
        return float(sum(t.user + t.system for t in times))

    def state(self) -> ServerState:
        """What it has counted since. Models report once a second. Raises BenchmarkError."""
        cpu, now = self.cpu_seconds - self._cpu, scrape(self.process.ports["metrics"])
        batches, slots, rows = (int(now.total(name) - self._figures.total(name)) for name in COUNTERS)
        return ServerState(
            batches=batches,
            rows=rows,
            batch=slots // batches if batches else 0,
            stage_seconds={},
            rung=0,
            cpu_seconds=cpu,
            memory_bytes=sum(peak_bytes(process.pid) for process in self._processes()),
        )

    def close(self) -> None:
        """End clients and server."""
        self.closing.close()

    def _processes(self) -> list[psutil.Process]:
        server = psutil.Process(self.process.process.pid)
        return [server, *server.children(recursive=True)]


@dataclass(frozen=True, slots=True)
class TritonSide:
    """How to serve an engine set by Triton, in `instances` processes, with its clients in this process."""

    engines: Path
    place: TritonPlace
    instances: int

    def __call__(self, chunk_milliseconds: int, streams: int) -> TritonServer:
        """A server with a place for every stream. Raises BenchmarkError."""
        manifest = EngineFolder.open(self.engines).manifest
        chunk = _chunk(manifest.model.ctc.chunks if manifest.model.ctc else (), chunk_milliseconds)
        places = -(-int(streams * PLACES) // self.instances) + 1
        settings = {"streams": places, "instances": self.instances, "chunk": chunk_milliseconds}
        with ExitStack() as closing:
            work = Path(closing.enter_context(TemporaryDirectory(prefix="speechtrt-triton-")))
            _write_repository(self.engines, work / "repository", settings)
            process = closing.enter_context(TritonProcess.start(work / "repository", self.place, work))
            lookahead = (chunk.window - chunk.lead - chunk.shift) / RATE
            clients = TritonClients(process.grpc, manifest.model.name, chunk.shift / RATE, lookahead)
            closing.push(clients)
            return TritonServer(process, clients, closing.pop_all())


def _chunk(chunks: tuple[ChunkSpec, ...], milliseconds: int) -> ChunkSpec:
    for chunk in chunks:
        if chunk.milliseconds == milliseconds:
            return chunk
    raise BenchmarkError(f"found no chunk of {milliseconds} ms in a streaming model; choose another model")


def _write_repository(engines: Path, target: Path, settings: Mapping[str, int]) -> None:
    """Through the command that everybody uses. Raises BenchmarkError."""
    options = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    command = [sys.executable, "-m", "speechtrt", "deploy", "triton", str(engines), "-o", str(target), *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchmarkError(f"no repository of {engines}: {done.stderr.strip()}; mend that first")

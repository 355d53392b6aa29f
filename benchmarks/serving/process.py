"""`speechtrt serve-stream` as a process of its own, through the real command."""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.serving.figures import Figures, scrape
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.serving.core.limits import Limits

LOOK_SECONDS = 0.005
START_SECONDS = 60.0
STOP_SECONDS = 10.0
SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """What one run lets the server take. The queue of texts stays as it comes.

    `late_seconds` is the server's own limit; infinite, it lets everybody in who has a place, however late it is.
    """

    streams: int
    texts: int = 16
    late_seconds: float = Limits().late_seconds

    @property
    def toml(self) -> str:
        """The server's own settings; one client may use all of it."""
        return (
            f"stream_slots = {self.streams}\nspeech_slots = {self.texts}\n"
            f"[limits]\nper_key = {4 * (self.streams + self.texts)}\nlate_seconds = {self.late_seconds}\n"
        )


@dataclass(frozen=True, slots=True)
class ServerProcess(Closing):
    """A server that is ready; `ready_seconds` is how long the command took to say so."""

    process: "subprocess.Popen[bytes]"
    folder: "TemporaryDirectory[str]"
    ready_seconds: float
    http_port: int
    grpc_port: int

    @classmethod
    def start(cls, engines: Sequence[Path], capacity: Capacity) -> "ServerProcess":
        """Run the command with free ports and wait until it is ready. Raises BenchmarkError."""
        folder = TemporaryDirectory(prefix="speechtrt-serve-")
        settings, log = Path(folder.name, "serve.toml"), Path(folder.name, "log")
        settings.write_text(capacity.toml)
        command = [sys.executable, "-m", "speechtrt", "serve-stream", "--port", "0", "--grpc-port", "0"]
        command += ["--config", str(settings), *(part for path in engines for part in ("--engines", str(path)))]
        start = time.perf_counter()
        with log.open("wb") as lines:
            process = subprocess.Popen(command, stderr=lines, stdout=subprocess.DEVNULL)
        try:
            ready = _ready(process, log, start + START_SECONDS)
        except BenchmarkError:
            _stop(process)
            folder.cleanup()
            raise
        return cls(process, folder, time.perf_counter() - start, ready["port"], ready["grpc_port"])

    @property
    def cpu_seconds(self) -> float:
        """CPU seconds of the process so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    @property
    def memory_bytes(self) -> int:
        """Its peak so far."""
        return peak_bytes(self.process.pid)

    def figures(self) -> Figures:
        """What it counts. Raises BenchmarkError when it does not answer."""
        return scrape(self.http_port)

    def settled(self, requests: int) -> Figures:
        """The same, once it has counted so many requests or has had time enough."""
        deadline = time.perf_counter() + SETTLE_SECONDS
        while (figures := self.figures()).total("requests_total") < requests and time.perf_counter() < deadline:
            time.sleep(LOOK_SECONDS)
        return figures

    def close(self) -> None:
        """End it."""
        _stop(self.process)
        self.folder.cleanup()


def _ready(process: "subprocess.Popen[bytes]", log: Path, deadline: float) -> dict[str, int]:
    """The fields of the line that says so."""
    while time.perf_counter() < deadline and process.poll() is None:
        for line in log.read_text().splitlines():
            if line.startswith("{") and line.endswith("}") and (found := json.loads(line))["message"] == "ready":
                return {name: int(found[name]) for name in ("port", "grpc_port")}
        time.sleep(LOOK_SECONDS)
    last = (log.read_text().splitlines() or ["nothing"])[-1]
    raise BenchmarkError(f"the server did not become ready, it said: {last[:300]}; start it by hand to see more")


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(STOP_SECONDS)

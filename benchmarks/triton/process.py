"""The Triton server of the `nvidia-pytriton` wheel, on this machine."""

import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from speechtrt.benchmarks.triton.place import TritonPlace
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError

READY_SECONDS, STOP_SECONDS = 120.0, 40.0
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class TritonProcess(Closing):
    """A running server; `log` is what it says."""

    process: "subprocess.Popen[bytes]"
    ports: Mapping[str, int]
    log: Path

    @classmethod
    def start(cls, repository: Path, place: TritonPlace, work: Path) -> "TritonProcess":
        """Serve a model repository, and return when every model is ready. Raises BenchmarkError with what it said."""
        ports, log = free_ports("http", "grpc", "metrics"), work / "triton.log"
        backends = place.backends(work / "backends")
        command = [
            str(place.server),
            f"--model-repository={repository}",
            f"--backend-directory={backends}",
            "--disable-auto-complete-config",
            *(f"--{kind}-address={HOST}" for kind in ports),
            *(f"--{kind}-port={port}" for kind, port in ports.items()),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=place.environment)
        with ExitStack() as failing:
            started = failing.enter_context(cls(process, ports, log))
            started.wait()
            failing.pop_all()
        return started

    @property
    def grpc(self) -> str:
        """Where clients connect."""
        return f"{HOST}:{self.ports['grpc']}"

    def wait(self) -> None:
        """Return when it is ready. Raises BenchmarkError."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.get("http", "/v2/health/ready")
                return
            except OSError:
                time.sleep(0.1)
        raise BenchmarkError(f"the Triton server did not get ready; it said: {self.log.read_text()[-2000:]}")

    def metrics(self) -> str:
        """Every metric, in Prometheus' text format."""
        return self.get("metrics", "/metrics")

    def get(self, kind: str, path: str) -> str:
        """A page of the server. Raises OSError."""
        with urllib.request.urlopen(f"http://{HOST}:{self.ports[kind]}{path}", timeout=5) as page:
            text: str = page.read().decode()
            return text

    def close(self) -> None:
        """Let it finish what is in work, and end it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def free_ports(*kinds: str) -> dict[str, int]:
    """A free port of this machine for each."""
    with ExitStack() as opened:
        sockets = {kind: opened.enter_context(socket.socket()) for kind in kinds}
        for one in sockets.values():
            one.bind((HOST, 0))
        return {kind: one.getsockname()[1] for kind, one in sockets.items()}

"""`speechtrt serve-stream` as a process of its own, on a free port."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx


@dataclass(slots=True)
class Served:
    """A running server; `log` has its lines so far."""

    process: "subprocess.Popen[str]"
    port: int = 0
    grpc_port: int = 0
    wyoming_port: int | None = None
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, **settings: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=60, trust_env=False, **settings)

    def read_until(self, message: str) -> dict[str, Any]:
        assert self.process.stderr
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1]["message"] == message:
                return self.log[-1]
        raise AssertionError(f"the server ended without {message!r}: {self.log}")


@contextmanager
def served(*arguments: object) -> Iterator[Served]:
    command = [
        sys.executable,
        "-m",
        "speechtrt",
        "serve-stream",
        "--port",
        "0",
        "--grpc-port",
        "0",
        *map(str, arguments),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        try:
            found = Served(process)
            ready = found.read_until("ready")
            found.port, found.grpc_port = ready["port"], ready["grpc_port"]
            found.wyoming_port = ready.get("wyoming_port")
            yield found
        finally:
            process.kill()

"""Two or more real servers behind a real HAProxy, all on this machine."""

import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from speechtrt.deploy.router.backend import Backend, Server
from speechtrt.deploy.router.config import Router

ROOT = Path(__file__).parents[3]
UNASSIGNED = range(20_000, 32_000)


@dataclass(slots=True)
class Replica:
    """A server at a fixed address, which can be started again."""

    server: Server
    arguments: Sequence[str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.http_port}"

    @property
    def port(self) -> int:
        return self.server.http_port

    def start(self) -> None:
        ports = ("--port", str(self.server.http_port), "--grpc-port", str(self.server.grpc_port))
        command = [sys.executable, "-m", "speechtrt", "serve-stream", *ports, *self.arguments]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, cwd=ROOT)

    def wait_ready(self) -> None:
        until(lambda: answers(f"{self.url}/v2/health/ready") == 200, 30)

    def end(self, how: signal.Signals) -> int:
        """Send a signal, and wait for the exit code."""
        assert self.process
        self.process.send_signal(how)
        return self.process.wait(30)


@contextmanager
def running(replica: Replica) -> Iterator[None]:
    """Ready during the block, killed after it."""
    replica.start()
    try:
        replica.wait_ready()
        yield
    finally:
        assert replica.process
        replica.process.kill()
        replica.process.wait()


@dataclass(slots=True)
class Machine:
    """The router's ports, its operator's socket, and the replicas by name."""

    port: int
    grpc_port: int
    admin: Path
    replicas: dict[str, Replica] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def tell(self, name: str, words: str) -> None:
        """An operator's word about one server, in both of its roles."""
        for kind in ("http", "grpc"):
            with socket.socket(socket.AF_UNIX) as operator:
                operator.connect(str(self.admin))
                operator.sendall(f"set server {kind}_local/{name} {words}\n".encode())
                answer = operator.recv(1000).strip()
            assert answer == b"", answer

    def wait_up(self, name: str) -> None:
        """Until the router has seen the server ready."""
        until(lambda: self._status(name).startswith("UP"), 10)

    def _status(self, name: str) -> str:
        with socket.socket(socket.AF_UNIX) as operator:
            operator.connect(str(self.admin))
            operator.sendall(b"show stat\n")
            page = b"".join(iter(lambda: operator.recv(65536), b"")).decode()
        rows = (line.split(",") for line in page.splitlines())
        return next(row[17] for row in rows if row[:2] == ["http_local", name])


@contextmanager
def fleet(folder: Path, engines: Path, weights: dict[str, int], *arguments: str) -> Iterator[Machine]:
    """Servers with these weights, ready, behind a router."""
    ports = free_ports(2 * len(weights) + 3)
    servers = tuple(Server(n, "127.0.0.1", ports.pop(), ports.pop(), weight) for n, weight in weights.items())
    machine = Machine(ports[0], ports[1], folder / "admin.sock")
    router = Router((Backend("local", (), 0, servers),), 60, ports[0], ports[1], ports[2], str(machine.admin))
    (folder / "haproxy.cfg").write_bytes(router.config())
    for server in servers:
        replica = Replica(server, ("--engines", str(engines), *arguments), folder / f"{server.name}.log")
        machine.replicas[server.name] = replica
        replica.start()
    with subprocess.Popen(["/usr/sbin/haproxy", "-f", str(folder / "haproxy.cfg")]) as haproxy:
        try:
            for name, replica in machine.replicas.items():
                replica.wait_ready()
                machine.wait_up(name)
            yield machine
        finally:
            haproxy.kill()
            for replica in machine.replicas.values():
                assert replica.process
                replica.process.kill()
                replica.process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that are free now, from below those that systems give to outgoing connections unasked."""
    found: list[int] = []
    for port in random.sample(UNASSIGNED, len(UNASSIGNED)):
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            found.append(port)
        if len(found) == count:
            break
    return found


def answers(url: str) -> int:
    try:
        return httpx.get(url, trust_env=False).status_code
    except httpx.TransportError:
        return 0


def until(holds: Callable[[], bool], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)

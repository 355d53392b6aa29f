"""A real HAProxy chooses between pools by the model that a request names, and by who has room."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from speechtrt.deploy.router.backend import Backend, Server
from speechtrt.deploy.router.config import Router
from tests.deploy.router.fleet import answers, free_ports, until

pytestmark = pytest.mark.system
POOLS = {"small": ("ctc-medium", "ctc-small"), "large": ("ctc-large", "ctc-medium")}


class Pool(ThreadingHTTPServer):
    """Is always ready; a request to /hold waits until `free` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.free = threading.Event()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/hold":
            assert isinstance(self.server, Pool)
            self.server.free.wait(10)
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def routed(folder: Path, places: int) -> Iterator[tuple[str, dict[str, Pool]]]:
    """The router's address, and the one server of each pool."""
    ports = free_ports(3)
    with ExitStack() as closing:
        pools = {name: closing.enter_context(Pool()) for name in POOLS}
        for pool in pools.values():
            threading.Thread(target=pool.serve_forever, daemon=True).start()
            closing.callback(pool.shutdown)
        backends = tuple(
            Backend(name, models, places, (Server(name, "127.0.0.1", pools[name].server_port, 1),))
            for name, models in POOLS.items()
        )
        config = Router(backends, 60, ports[0], ports[1], ports[2], str(folder / "admin.sock")).config()
        (folder / "haproxy.cfg").write_bytes(config)
        haproxy = closing.enter_context(subprocess.Popen(["/usr/sbin/haproxy", "-f", str(folder / "haproxy.cfg")]))
        closing.callback(haproxy.kill)
        url = f"http://127.0.0.1:{ports[0]}"
        until(lambda: answers(f"{url}/") == 200, 10)
        yield url, pools


def chosen(answer: httpx.Response) -> str:
    answer.raise_for_status()
    return str(answer.headers["x-speechtrt-server"])


def test_a_request_goes_where_its_model_is(tmp_path: Path) -> None:
    with routed(tmp_path, 10) as (url, _), httpx.Client(base_url=url, trust_env=False) as client:
        for model, pool in (("ctc-small", "small"), ("ctc-medium", "small"), ("ctc-large", "large")):
            assert chosen(client.get("/v1/realtime", params={"model": model})) == pool
            assert chosen(client.get("/", headers={"x-speechtrt-model": model})) == pool
            assert chosen(client.post("/", json={"model": model, "input": "x"})) == pool
            assert chosen(client.post("/", data={"model": model}, files={"file": b"RIFF" * 20_000})) == pool
        assert chosen(client.get("/")) == "small"


def test_a_pool_without_room_gives_its_models_to_the_next(tmp_path: Path) -> None:
    with routed(tmp_path, 1) as (url, pools), httpx.Client(base_url=url, trust_env=False) as client:
        held = threading.Thread(target=lambda: httpx.get(f"{url}/hold", trust_env=False))
        held.start()
        medium = {"x-speechtrt-model": "ctc-medium"}
        until(lambda: chosen(client.get("/", headers=medium)) == "large", 5)
        assert chosen(client.get("/", headers={"x-speechtrt-model": "ctc-small"})) == "small"
        pools["small"].free.set()
        held.join()
        until(lambda: chosen(client.get("/", headers=medium)) == "small", 5)

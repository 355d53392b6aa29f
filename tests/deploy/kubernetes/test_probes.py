"""What probes ask is answered by a live server in each of its states."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import uvicorn

from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.http.front import Front
from tests.deploy.kubernetes.test_manifests import pods
from tests.runtime.serving.live import serving

SPEECH = {"model": "tts-1", "voice": "anna", "input": "ab", "response_format": "wav"}
KINDS = ("startupProbe", "readinessProbe", "livenessProbe")


def probes(fleet: Path) -> dict[str, str]:
    [container] = pods(fleet)["speechtrt-large"]["spec"]["containers"]
    return {kind: container[kind]["httpGet"]["path"] for kind in KINDS}


def answers(fleet: Path, url: str) -> dict[str, int]:
    return {kind: httpx.get(url + path, trust_env=False).status_code for kind, path in probes(fleet).items()}


@contextmanager
def starting() -> Iterator[str]:
    """A server whose models are still being loaded."""
    config = uvicorn.Config(Front(Lifecycle()), port=0, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(),))
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)


def test_a_server_that_loads_has_not_started_but_lives(fleet: Path) -> None:
    with starting() as url:
        assert answers(fleet, url) == {"startupProbe": 503, "readinessProbe": 503, "livenessProbe": 200}


def test_a_server_that_drains_lives_but_gets_nothing_new(fleet: Path) -> None:
    with serving() as live:
        assert set(answers(fleet, live.url).values()) == {200}
        live.service.lifecycle.drain()
        assert answers(fleet, live.url) == {"startupProbe": 503, "readinessProbe": 503, "livenessProbe": 200}


def test_a_full_server_stays_ready(fleet: Path) -> None:
    with serving(slots=1) as live, live.client() as client:
        live.hold()
        with client.stream("POST", "/v1/audio/speech", json=SPEECH) as busy:
            next(busy.iter_bytes())
            assert set(answers(fleet, live.url).values()) == {200}
            live.release()

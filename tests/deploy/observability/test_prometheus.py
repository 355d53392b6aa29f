"""A real Prometheus scrapes a loaded server, and answers what dashboard, rules and autoscaler ask."""

import math
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from speechtrt.deploy.observability.pack import write_pack
from speechtrt.deploy.observability.signal import SIGNALS
from speechtrt.deploy.yaml_file import encode
from tests.deploy.router.fleet import free_ports, until
from tests.deploy.router.streams import LiveStream
from tests.runtime.serving.process import Served, served

pytestmark = pytest.mark.system
SECONDS = 10
SANE = {
    "slot_occupancy": (0.01, 1.0),
    "chunk_latency_p50": (0.001, 5.0),
    "chunk_latency_p95": (0.001, 5.0),
    "first_audio_p50": (0.001, 5.0),
    "first_audio_p95": (0.001, 5.0),
    "real_time_factor": (0.001, 10.0),
    "batch_fill": (0.001, 1.0),
    "drop_rate": (0.001, 0.999),
    "error_rate": (0.0, 0.0),
    "dropped_audio": (0.0, 0.0),
    "queue_depth": (0.0, 16.0),
    "overload_rung": (0.0, 5.0),
    "guard_tripped": (0.0, 0.0),
    "ready_servers": (1.0, 1.0),
}
ON_GPUS = {"gpu_load", "gpu_memory"}


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[str]:
    """Prometheus over the pack's own files, at a pace for tests."""
    write_pack(folder, [target])
    config = yaml.safe_load((folder / "prometheus.yaml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yaml").write_bytes(encode(config))
    rules = yaml.safe_load((folder / "rules.yaml").read_text())
    for group in rules["groups"]:
        group["interval"] = "1s"
    (folder / "rules.yaml").write_bytes(encode(rules))
    [port] = free_ports(1)
    arguments = (
        f"--config.file={folder / 'prometheus.yaml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    with subprocess.Popen(["prometheus", *arguments]) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            until(lambda: reachable(f"{url}/-/ready") and ask(url, "up") == {"local": 1.0}, 30)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def reachable(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def ask(url: str, query: str) -> dict[str, float]:
    """What an instant query gives, by pool."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False).json()
    assert answer["status"] == "success", answer
    return {row["metric"].get("pool", ""): float(row["value"][1]) for row in answer["data"]["result"]}


def load(server: Served) -> None:
    """More of everything than the server takes, for a while."""
    over = time.monotonic() + SECONDS

    def speak() -> None:
        body = {"model": "tiny-voice", "input": "one two three", "voice": "ben", "response_format": "wav"}
        with server.client() as client:
            while time.monotonic() < over:
                client.post("/v1/audio/speech", json=body)
                time.sleep(0.05)

    def listen() -> None:
        while time.monotonic() < over:
            stream = LiveStream.opened(server)
            for _ in range(20):
                stream.say()
                time.sleep(0.02)
            stream.finish()
            time.sleep(0.2)

    with ThreadPoolExecutor(12) as pool:
        for work in [speak] * 4 + [listen] * 2:
            pool.submit(work)


@pytest.fixture(scope="module")
def answered(
    tiny_tts_engines: Path, tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
    """Prometheus' address, and every signal's value while the server was under load."""
    slots = tmp_path_factory.mktemp("settings") / "serve.toml"
    slots.write_text("speech_slots = 1\nstream_slots = 4\n[limits]\nqueue = 1\n")
    engines = ("--engines", tiny_tts_engines, "--engines", tiny_ctc_engines)
    with (
        served(*engines, "--config", slots) as server,
        prometheus(tmp_path_factory.mktemp("pack"), f"127.0.0.1:{server.port}") as url,
        ThreadPoolExecutor(1) as loading,
    ):
        busy = loading.submit(load, server)
        time.sleep(SECONDS - 2)
        values = {signal.name: ask(url, signal.query('namespace="local"')) for signal in SIGNALS}
        recorded = {f"recorded {signal.name}": ask(url, signal.record) for signal in SIGNALS}
        busy.result()
        yield url, values | recorded


@pytest.mark.parametrize("kind", ["", "recorded "])
def test_every_figure_of_a_loaded_server_is_sane(answered: tuple[str, dict[str, dict[str, float]]], kind: str) -> None:
    _, values = answered
    found = {name: values[kind + name] for name in SANE}
    for name, (low, high) in SANE.items():
        assert found[name].keys() == {"local"}, name
        assert low <= found[name]["local"] <= high, (name, found[name])
    assert {values[kind + name].get("local") for name in ON_GPUS} == {None}


def test_autoscalers_get_one_number_each(answered: tuple[str, dict[str, dict[str, float]]]) -> None:
    url, _ = answered
    for signal in SIGNALS:
        for pool in ("local", "nobody"):
            [value] = ask(url, signal.number(f'namespace="local", pool="{pool}"')).values()
            assert math.isfinite(value)
            assert value == 0 or pool == "local"

"""A loaded server that a real Prometheus scrapes."""

import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import yaml
from websockets.exceptions import InvalidStatus

from speechtrt.deploy.observability.pack import write_pack
from speechtrt.deploy.yaml_file import encode
from tests.deploy.router.fleet import Replica, free_ports, until
from tests.deploy.router.streams import LiveStream, Refused

SETTINGS = "speech_slots = 1\nstream_slots = 4\n[limits]\nqueue = 1\n"


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
    with answering(folder / "prometheus.yaml", folder / "data") as url:
        until(lambda: ask(url, "up") == {"local": 1.0}, 30)
        yield url


@contextmanager
def answering(config: Path, data: Path) -> Iterator[str]:
    """The address of a Prometheus over what is in `data`."""
    [port] = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    arguments = (
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    )
    with subprocess.Popen(["prometheus", *arguments]) as process:
        try:
            until(lambda: reachable(f"{url}/-/ready"), 30)
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
    return {row["metric"].get("pool", ""): float(row["value"][1]) for row in rows(url, query)}


def rows(url: str, query: str) -> list[dict[str, Any]]:
    """All that an instant query gives."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": query}, trust_env=False).json()
    assert answer["status"] == "success", answer
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def load(
    server: Replica,
    seconds: float,
    model: str,
    packets: Sequence[bytes],
    speakers: int = 4,
    listeners: int = 2,
    pause: float = 0.02,
) -> None:
    """More of everything than a small server takes, for a while; streams say these packets again and again.

    Each speaker asks for a text after the other; each listener has a stream, with a `pause` in seconds after a packet.
    """
    over = time.monotonic() + seconds

    def speak() -> None:
        body = {"model": model, "input": "one two three", "response_format": "wav"}
        with httpx.Client(base_url=server.url, trust_env=False, timeout=30) as client:
            while time.monotonic() < over:
                client.post("/v1/audio/speech", json=body)
                time.sleep(0.05)

    def listen() -> None:
        while time.monotonic() < over:
            with suppress(Refused, InvalidStatus, TimeoutError), closing(LiveStream.opened(server)) as stream:
                for packet in packets:
                    stream.say(packet)
                    time.sleep(pause)
                stream.finish()
            time.sleep(0.2)

    with ThreadPoolExecutor(speakers + listeners) as pool:
        for done in [pool.submit(work) for work in [speak] * speakers + [listen] * listeners]:
            done.result()

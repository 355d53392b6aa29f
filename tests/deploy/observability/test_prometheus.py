"""A real Prometheus scrapes a loaded server, and answers what dashboard, rules and autoscaler ask."""

import math
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner

from speechtrt.cli import root
from speechtrt.deploy.observability.signal import SIGNALS
from speechtrt.deploy.router.backend import Server
from tests.deploy.kubernetes.conftest import of_kind
from tests.deploy.observability.picture import draw
from tests.deploy.observability.scraped import SETTINGS, ask, load, prometheus
from tests.deploy.router.fleet import Replica, free_ports, running
from tests.deploy.router.streams import NOISE

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


@pytest.fixture(scope="module")
def answered(
    tiny_tts_engines: Path, tiny_ctc_engines: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, dict[str, float]]]]:
    """Prometheus' address, and every signal's value while the server was under load."""
    folder = tmp_path_factory.mktemp("server")
    slots = folder / "serve.toml"
    slots.write_text(SETTINGS)
    engines = ("--engines", str(tiny_tts_engines), "--engines", str(tiny_ctc_engines))
    triggered = trigger_queries(folder / "fleet", *engines)
    address = Server("a", "127.0.0.1", *free_ports(2))
    server = Replica(address, (*engines, "--config", str(slots)), folder / "log")
    with (
        running(server),
        prometheus(tmp_path_factory.mktemp("pack"), f"127.0.0.1:{server.port}") as url,
        ThreadPoolExecutor(1) as loading,
    ):
        busy = loading.submit(load, server, SECONDS, "tiny-voice", [NOISE] * 20)
        time.sleep(SECONDS - 2)
        values = {signal.name: ask(url, signal.query('namespace="local"')) for signal in SIGNALS}
        recorded = {f"recorded {signal.name}": ask(url, signal.record) for signal in SIGNALS}
        triggers = {f"trigger {name}": ask(url, query) for name, query in triggered.items()}
        busy.result()
        yield url, values | recorded | triggers


def test_the_dashboard_can_be_drawn(answered: tuple[str, dict[str, dict[str, float]]], tmp_path: Path) -> None:
    draw(answered[0], tmp_path / "dashboard.png", seconds=SECONDS)
    assert (tmp_path / "dashboard.png").stat().st_size > 50_000


@pytest.mark.parametrize("kind", ["", "recorded "])
def test_every_figure_of_a_loaded_server_is_sane(answered: tuple[str, dict[str, dict[str, float]]], kind: str) -> None:
    _, values = answered
    found = {name: values[kind + name] for name in SANE}
    for name, (low, high) in SANE.items():
        assert found[name].keys() == {"local"}, name
        assert low <= found[name]["local"] <= high, (name, found[name])
    assert {values[kind + name].get("local") for name in ON_GPUS} == {None}


def trigger_queries(fleet: Path, *engines: str) -> dict[str, str]:
    """What an autoscaler asks about these engines, which are a pool of their own here, too."""
    arguments = [part for part in engines if part != "--engines"]
    done = CliRunner().invoke(root, ["deploy", "kubernetes", *arguments, "-o", str(fleet), "--namespace", "local"])
    assert done.exit_code == 0, done.output
    [scaled] = of_kind(fleet, "ScaledObject").values()
    found = {trigger["name"]: trigger["metadata"]["query"] for trigger in scaled["spec"]["triggers"]}
    return {name: query.replace('pool="cpu"', 'pool="local"') for name, query in found.items()}


def test_what_is_generated_for_an_autoscaler_gets_sane_numbers(
    answered: tuple[str, dict[str, dict[str, float]]],
) -> None:
    _, values = answered
    found = {name: value for name, value in values.items() if name.startswith("trigger ")}
    assert len(found) == 3
    for name, value in found.items():
        low, high = SANE[name.removeprefix("trigger ").replace("-", "_")]
        assert low <= value[""] <= high, (name, value)


def test_autoscalers_get_one_number_each(answered: tuple[str, dict[str, dict[str, float]]]) -> None:
    url, _ = answered
    for signal in SIGNALS:
        for pool in ("local", "nobody"):
            [value] = ask(url, signal.number(f'namespace="local", pool="{pool}"')).values()
            assert math.isfinite(value)
            assert value == 0 or pool == "local"

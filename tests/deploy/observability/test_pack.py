"""The pack: queries that parse and name what a server exports, alerts that a runbook answers."""

import json
import re
from itertools import pairwise
from pathlib import Path

import promql_parser
import pytest
import yaml
from click.testing import CliRunner, Result

from speechtrt.cli import root
from speechtrt.deploy.observability.alert import ALERTS
from speechtrt.deploy.observability.dashboard import PANELS, expressions
from speechtrt.deploy.observability.exported import exported_series, series_of
from speechtrt.deploy.observability.signal import SIGNALS
from tests.runtime.serving.live import serving

ROOT = Path(__file__).parents[3]


def deploy(*arguments: object) -> Result:
    return CliRunner().invoke(root, ["deploy", "observability", *map(str, arguments)])


@pytest.mark.parametrize("signal", SIGNALS, ids=lambda s: s.name)
def test_every_query_parses_and_names_what_is_exported(signal: object) -> None:
    from speechtrt.deploy.observability.signal import Signal

    assert isinstance(signal, Signal)
    for query in (signal.query(), signal.query('pool="a"', by=""), signal.number('pool="a"')):
        promql_parser.parse(query)
        assert series_of(query)
        assert set(series_of(query)) <= exported_series()


def test_series_are_those_of_a_live_server() -> None:
    with serving() as live, live.client() as client:
        client.post("/v1/audio/speech", json={"model": "tts-1", "voice": "anna", "input": "ab"})
        text = client.get("/metrics").text
    names = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if not line.startswith("#")}
    found = {n for n in names if not n.endswith("_created")}
    assert found <= exported_series()
    asked = {name for signal in SIGNALS for name in series_of(signal.query())}
    missing = {name for name in asked if not name.startswith(("speechtrt_asr_partial", "speechtrt_gpu"))} - found
    assert missing == set()


def test_the_dashboard_shows_every_signal_once_and_no_panel_covers_another(tmp_path: Path) -> None:
    assert deploy("-o", tmp_path / "pack").exit_code == 0
    document = json.loads((tmp_path / "pack/dashboard.json").read_text())
    panels = document["panels"]
    assert len({p["id"] for p in panels}) == len(panels)
    assert sorted(s.name for panel in PANELS for s in panel.signals) == sorted(s.name for s in SIGNALS)
    places = sorted((p["gridPos"]["y"], p["gridPos"]["x"]) for p in panels)
    assert all(a[0] < b[0] or a[1] + 8 <= b[1] for a, b in pairwise(places))
    shown = [target["expr"] for p in panels for target in p["targets"]]
    assert shown == list(expressions())
    for expression in shown:
        promql_parser.parse(re.sub(r"\$\w+", "x", expression))


def test_every_alert_is_answered_in_the_runbook(tmp_path: Path) -> None:
    deploy("-o", tmp_path / "pack")
    rules = yaml.safe_load((tmp_path / "pack/rules.yaml").read_text())
    alerts = [rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule]
    headings = re.findall(r"^### (\w+)$", (ROOT / "docs/kubernetes.md").read_text(), re.MULTILINE)
    assert [rule["alert"] for rule in alerts] == headings == [alert.name for alert in ALERTS]
    recorded = {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}
    assert {rule["expr"].split()[0] for rule in alerts} <= recorded


@pytest.mark.parametrize("target", ["nowhere", "http://a:1", "a:1:2", "a b:80"])
def test_what_is_no_address_is_refused(tmp_path: Path, target: str) -> None:
    done = deploy("-o", tmp_path / "pack", "--target", target)
    assert "is no address; expected HOST:PORT" in str(done.exception)
    assert not (tmp_path / "pack").exists()


def test_servers_without_a_metric_and_folders_of_something_else(tmp_path: Path) -> None:
    page = tmp_path / "metrics.txt"
    page.write_text("# TYPE speechtrt_ready gauge\nspeechtrt_ready 1\n")
    done = deploy("-o", tmp_path / "pack", "--metrics", page)
    assert "does not export speechtrt_" in str(done.exception)
    done = deploy("-o", tmp_path)
    assert "holds other files (metrics.txt)" in str(done.exception)
    page.write_text("{")
    assert "is no page of metrics" in str(deploy("-o", tmp_path / "pack", "--metrics", page).exception)

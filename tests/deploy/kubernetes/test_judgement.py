"""A real Prometheus answers what a canary is judged by, over recorded rollouts that went well, badly, and unnoticed."""

from pathlib import Path

import pytest

from tests.deploy.kubernetes.conftest import deploy
from tests.deploy.kubernetes.recorded import BAD, GOOD, IDLE, record
from tests.deploy.kubernetes.test_queries import canary_metrics, verdict
from tests.deploy.observability.scraped import answering, rows

pytestmark = pytest.mark.system
ROLLOUTS = {"good": (BAD, GOOD), "bad": (GOOD, BAD), "idle": (GOOD, IDLE)}
JUDGED = {
    "drop-rate",
    "error-rate",
    "guards-tripped",
    "chunk-latency-p95",
    "word-errors-by-dialect",
    "first-audio-p95",
}


def test_what_went_badly_goes_back_and_what_nobody_noticed_waits(
    tiny_ctc_engines: Path, tiny_tts_engines: Path, tmp_path: Path
) -> None:
    fleet = tmp_path / "fleet"
    assert deploy(tiny_ctc_engines, tiny_tts_engines, "-o", fleet, "--namespace", "speech").exit_code == 0
    metrics = canary_metrics(fleet)
    assert metrics.keys() == JUDGED
    (tmp_path / "prometheus.yaml").write_text("{}")
    found: dict[str, dict[str, str]] = {}
    with answering(tmp_path / "prometheus.yaml", record(tmp_path, ROLLOUTS)) as url:
        for namespace in ROLLOUTS:
            for name, metric in metrics.items():
                query = metric["provider"]["prometheus"]["query"].replace("{{args.hash}}", "new")
                assert 'pool="cpu"' in query
                answer = rows(url, query.replace('namespace="speech"', f'namespace="{namespace}"'))
                values = [float(row["value"][1]) for row in answer]
                assert len(values) == (2 if name == "word-errors-by-dialect" else 1)
                found.setdefault(namespace, {})[name] = verdict(metric, values)
    assert found == {
        "good": dict.fromkeys(JUDGED, "successful"),
        "bad": dict.fromkeys(JUDGED, "failed"),
        "idle": {**dict.fromkeys(JUDGED, "inconclusive"), "guards-tripped": "successful"},
    }

"""What autoscalers and canaries ask Prometheus, and what they make of the answers."""

import math
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from speechtrt.deploy.observability.exported import exported_series, series_of
from tests.deploy.kubernetes.conftest import of_kind

NAN = math.nan


def canary_metrics(fleet: Path) -> dict[str, dict[str, Any]]:
    templates = of_kind(fleet, "AnalysisTemplate").values()
    return {metric["name"]: metric for template in templates for metric in template["spec"]["metrics"]}


def test_canary_queries_parse_and_name_exported_series(fleet: Path) -> None:
    metrics = canary_metrics(fleet)
    assert {"chunk-latency-p95", "drop-rate", "error-rate", "word-errors-by-dialect"} <= set(metrics)
    for metric in metrics.values():
        query = metric["provider"]["prometheus"]["query"].replace("{{args.hash}}", "abc")
        promql_parser.parse(query)
        assert set(series_of(query)) <= exported_series()


def verdict(metric: dict[str, Any], result: list[float]) -> str:
    """As Argo Rollouts decides: neither condition holds, or an empty answer, is inconclusive."""
    success, failure = (evaluate(metric[f"{c}Condition"], result) for c in ("success", "failure"))
    return "failed" if failure else "successful" if success else "inconclusive"


def evaluate(condition: str, result: list[float]) -> bool:
    """The few words of Argo's language that the conditions use."""
    python = re.sub(r"(all|any)\(result, \{(.*?)\}\)", r"\1((\2) for value in result)", condition)
    python = python.replace("#", "value").replace("&&", "and").replace("!isNaN", "not isNaN")
    return bool(eval(python, {"result": result, "isNaN": math.isnan, "len": len, "all": all, "any": any}))


@pytest.mark.parametrize(
    ("name", "result", "expected"),
    [
        ("chunk-latency-p95", [0.05], "successful"),
        ("chunk-latency-p95", [0.1], "failed"),
        ("chunk-latency-p95", [NAN], "inconclusive"),
        ("chunk-latency-p95", [], "inconclusive"),
        ("drop-rate", [0.0], "successful"),
        ("drop-rate", [0.5], "failed"),
        ("word-errors-by-dialect", [0.0, -0.1, 0.01], "successful"),
        ("word-errors-by-dialect", [0.0, 0.03, 0.0], "failed"),
        ("word-errors-by-dialect", [0.0, NAN, 0.0], "inconclusive"),
        ("word-errors-by-dialect", [0.03, NAN], "failed"),
    ],
)
def test_no_answer_is_neither_success_nor_failure(fleet: Path, name: str, result: list[float], expected: str) -> None:
    metric = canary_metrics(fleet)[name]
    assert verdict(metric, result) == expected
    assert metric["failureLimit"] == 1
    assert metric["inconclusiveLimit"] > 0


def test_autoscalers_ask_for_what_the_adapter_serves(fleet: Path) -> None:
    values = yaml.safe_load((fleet / "components/hpa/prometheus-adapter-values.yaml").read_text())
    served = {rule["name"]["as"]: rule for rule in values["rules"]["custom"]}
    for autoscaler in of_kind(fleet / "components/hpa", "HorizontalPodAutoscaler").values():
        asked = {metric["pods"]["metric"]["name"] for metric in autoscaler["spec"]["metrics"]}
        assert asked <= set(served)
    for rule in served.values():
        query = rule["metricsQuery"].replace("<<.LabelMatchers>>", 'pod=~"a|b"').replace("<<.GroupBy>>", "pod")
        promql_parser.parse(query)
        promql_parser.parse(rule["seriesQuery"])
        assert set(series_of(query)) <= exported_series()


def test_triggers_give_a_number_even_when_nothing_happens(fleet: Path) -> None:
    for document in of_kind(fleet, "ScaledObject").values():
        for trigger in document["spec"]["triggers"]:
            query = trigger["metadata"]["query"]
            promql_parser.parse(query)
            assert query.endswith(">= 0 or on() vector(0)")

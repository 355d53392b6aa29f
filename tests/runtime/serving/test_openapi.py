"""The OpenAPI document against a running server: whatever it allows is served, and nothing breaks the server."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

from tests.runtime.serving.live import Live, serving

FEW = settings(max_examples=20, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
OPERATIONS = {
    "POST /v1/audio/speech",
    "POST /v1/audio/transcriptions",
    "GET /v1/models",
    "GET /v1/models/{name}",
    "GET /v2/health/live",
    "GET /v2/health/ready",
    "GET /metrics",
}


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving() as live:
        yield live


@pytest.fixture(scope="module")
def operations(live: Live) -> dict[str, Any]:
    schema = schemathesis.openapi.from_url(f"{live.url}/openapi.json")
    found: list[Any] = [operation.ok() for operation in list[Any](schema.get_all_operations())]
    return {operation.label: operation for operation in found}


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_every_operation_keeps_its_promises(operations: dict[str, Any], label: str, mode: GenerationMode) -> None:
    """Recordings that are no audio are refused, although a schema cannot say so."""
    excluded = CHECKS.get_by_names(["positive_data_acceptance"]) if label.endswith("transcriptions") else []

    @FEW
    @given(case=operations[label].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    with suppress(Unsatisfiable):  # nothing about this operation can be wrong
        check()


def test_events_of_a_speech_are_as_described(operations: dict[str, Any]) -> None:
    body = {"input": "Half past seven.", "stream_format": "sse"}
    operations["POST /v1/audio/speech"].Case(body=body, media_type="application/json").call_and_validate()


def test_every_route_is_described(operations: dict[str, Any]) -> None:
    assert set(operations) == OPERATIONS


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/v1",
        "/v1/audio/speech",
        "/v1/audio/transcriptions/",
        "/v1/realtime",
        "/v1/models/../../etc/passwd",
        "/v1/models/%2e%2e%2f%00",
        "/page/%2e%2e/server.py",
        "/metrics?x=" + "y" * 5000,
        "//evil.example/",
    ],
)
def test_no_route_breaks(live: Live, method: str, target: str) -> None:
    with live.client() as client:
        answer = client.request(method, target, content=b"\x00\xff")
    assert answer.status_code < 500
    assert "Traceback" not in answer.text

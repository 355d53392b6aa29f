"""Models, health, metrics, keys and request ids over a socket."""

from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from speechtrt.runtime.serving.core.limits import Limits
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.test_speech import SPEECH

URL = "/v1/audio/speech"
KEYS = ("first-key", "second-key")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(Limits(per_key=1), KEYS) as live:
        yield live


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_models(live: Live) -> None:
    with live.client(headers=bearer("first-key")) as client:
        listed = client.get("/v1/models").json()
        assert [m["id"] for m in listed["data"]] == ["tiny-voice", "tiny-ctc"]
        assert client.get("/v1/models/tiny-ctc").json() == listed["data"][1]
        for name in ("nothing", "..%2f..%2fetc%2fpasswd", "%00", "a" * 5000):
            assert client.get(f"/v1/models/{name}").status_code == 404


@pytest.mark.parametrize(
    "header", [{}, bearer("wrong"), bearer("first-key first-key"), {"authorization": "Basic Zmlyc3Qta2V5"}]
)
def test_only_known_keys_enter(live: Live, header: dict[str, str]) -> None:
    with live.client(headers=header) as client:
        for response in (
            client.get("/v1/models"),
            client.post(URL, json=SPEECH),
            client.post("/v1/audio/transcriptions", files={"file": b""}),
        ):
            assert response.status_code == 401
            assert response.json()["error"]["type"] == "authentication_error"
            assert response.headers["www-authenticate"] == "Bearer"


def test_a_key_has_a_limit_of_its_own(live: Live) -> None:
    live.hold()
    wav = {**SPEECH, "response_format": "wav"}
    with live.client() as client, client.stream("POST", URL, json=wav, headers=bearer("first-key")) as busy:
        pieces = busy.iter_bytes()
        next(pieces)
        refused = client.post(URL, json=wav, headers=bearer("first-key"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limit_exceeded")
        with client.stream("POST", URL, json=wav, headers=bearer("second-key")) as welcome:
            assert welcome.status_code == 200
            live.release()
            assert sum(len(p) for p in welcome.iter_bytes()) > 44


def test_probes_need_no_key_and_follow_the_lifecycle() -> None:
    with serving(keys=KEYS) as live, live.client() as client:
        assert client.get("/v2/health/live").status_code == 200
        assert client.get("/v2/health/ready").json() == {"ready": True, "state": "ready"}
        live.service.lifecycle.drain()
        assert client.get("/v2/health/live").status_code == 200
        assert client.get("/v2/health/ready").status_code == 503
        refused = client.post(URL, json=SPEECH, headers=bearer("first-key"))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
        assert "retry-after" in refused.headers


def test_metrics_count_what_happened() -> None:
    with serving(Limits(queue=0), slots=1) as live, live.client() as client:
        assert client.post(URL, json=SPEECH).status_code == 200
        assert client.post(URL, json={**SPEECH, "input": " "}).status_code == 400
        families = {f.name: f for f in text_string_to_metric_families(client.get("/metrics").text)}

    def value(family: str, **wanted: str) -> float:
        [sample] = [
            s for s in families[family].samples if wanted.items() <= s.labels.items() and not s.name.endswith("_bucket")
        ][:1]
        return sample.value

    assert value("speechtrt_requests", model="tiny-voice", outcome="ok") == 1
    assert value("speechtrt_requests", model="tiny-voice", outcome="invalid") == 1
    assert value("speechtrt_requests", model="tiny-ctc", outcome="shed") == 0
    assert value("speechtrt_shed", model="tiny-ctc", reason="busy") == 0
    assert value("speechtrt_audio_seconds", model="tiny-voice", direction="out") == pytest.approx(1.1)
    assert value("speechtrt_stream_capacity", model="tiny-voice") == 1
    assert value("speechtrt_active_streams", model="tiny-voice") == 0
    assert value("speechtrt_batch_fill_ratio", model="tiny-voice") == 0.625
    assert value("speechtrt_engine_changes", model="tiny-ctc", act="failed") == 0
    assert value("speechtrt_engine_info", model="tiny-ctc", role="stable") == 1
    assert value("speechtrt_ready") == 1
    assert all(f.documentation for f in families.values())


def test_every_response_has_a_request_id(live: Live) -> None:
    with live.client() as client:
        assert client.get("/v2/health/live", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
        made = client.get("/nothing", headers={"x-request-id": "evil\tid"})
        assert made.status_code == 404
        assert len(made.headers["x-request-id"]) == 32
        assert made.json()["error"]["type"] == "invalid_request_error"

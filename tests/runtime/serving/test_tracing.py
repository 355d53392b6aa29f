"""Spans of requests and of their stages, and the ids that log lines and spans share."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.incoming import Incoming
from speechtrt.runtime.serving.core.incoming import serving as serving_request
from speechtrt.runtime.serving.core.tracing import Tracing, stage
from speechtrt.runtime.serving.log import JsonLines
from speechtrt.runtime.serving.riva.server import ASR
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from tests.runtime.serving import test_riva as riva
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import MANUAL, Client, eventually, opened, tone
from tests.runtime.serving.test_transcriptions import recording

TRACE = "0af7651916cd43dd8448eb211c80319c"
HEADERS = {"x-request-id": "mine-1", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
SPEECH = {"input": "a secret", "response_format": "wav"}


@pytest.fixture(scope="module")
def spans() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def live(spans: InMemorySpanExporter) -> Iterator[Live]:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(spans))
    with serving(tracing=Tracing(provider)) as live:
        yield live


@pytest.fixture(autouse=True)
def empty(spans: InMemorySpanExporter) -> None:
    spans.clear()


def family(spans: InMemorySpanExporter, *names: str) -> list[ReadableSpan]:
    """The request's span and those of its stages, which are its children."""
    eventually(lambda: len(spans.get_finished_spans()) == len(names))
    found = {span.name: span for span in spans.get_finished_spans()}
    assert set(found) == set(names)
    [request, *stages] = [found[name] for name in names]
    assert request.context
    for child in stages:
        assert child.parent and child.parent.span_id == request.context.span_id
    return [request, *stages]


def test_a_request_belongs_to_its_clients_trace(live: Live, spans: InMemorySpanExporter) -> None:
    with live.client(headers=HEADERS) as client:
        assert client.post("/v1/audio/speech", json=SPEECH).status_code == 200
    request, _ = family(spans, "request", "speak")
    assert request.context and f"{request.context.trace_id:032x}" == TRACE
    expected = {"model": "tiny-voice", "version": "v1", "engine": "fake", "request_id": "mine-1"}
    assert dict(request.attributes or {}) == expected
    assert "secret" not in "".join(span.to_json() for span in spans.get_finished_spans())


@pytest.mark.parametrize("stream", ["false", "true"])
def test_a_recordings_stages(live: Live, spans: InMemorySpanExporter, stream: str) -> None:
    with live.client() as client:
        client.post("/v1/audio/transcriptions", files={"file": recording()}, data={"stream": stream})
    family(spans, "request", "decode", "hear")


def test_a_call_has_a_span(live: Live, spans: InMemorySpanExporter) -> None:
    with riva.opened(live) as channel:
        list(riva.stream(channel, riva.head(**riva.PCM), riva.sound(bytes(3200))))
    family(spans, "request", "hear")


def test_a_session_has_a_span_for_each_turn(live: Live, spans: InMemorySpanExporter) -> None:
    with opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        client.update(**MANUAL)
        client.append(tone(0.5))
        client.send("input_audio_buffer.commit")
        client.until("conversation.item.input_audio_transcription.completed")
    family(spans, "request", "turn")


def test_what_fails_says_so(live: Live, spans: InMemorySpanExporter) -> None:
    with live.client() as client:
        assert client.post("/v1/audio/speech", json={**SPEECH, "input": " "}).status_code == 400
    request, _ = family(spans, "request", "speak")
    assert (request.status.is_ok, request.status.description) == (False, "Refusal")


def test_without_traces_nothing_is_made() -> None:
    with Tracing().request(None), stage("any"):  # type: ignore[arg-type]
        pass
    Tracing.to(None).close()


def test_an_exporter_is_made_only_where_one_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    tracing = Tracing.to("http://127.0.0.1:9/v1/traces")
    assert tracing.provider is not None
    tracing.close()
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"pip install 'speechtrt\[otel\]'"):
        Tracing.to("http://127.0.0.1:9/v1/traces")


def test_every_line_of_a_request_has_its_id() -> None:
    record = logging.LogRecord("speechtrt", logging.INFO, __file__, 1, "something", None, None)
    assert "request_id" not in json.loads(JsonLines().format(record))
    with serving_request(Incoming("mine-1")):
        with serving_request(Incoming("inner")):
            assert json.loads(JsonLines().format(record))["request_id"] == "inner"
        assert json.loads(JsonLines().format(record))["request_id"] == "mine-1"


@pytest.mark.parametrize("value", ["", "two words", "a" * 65, "\u00e4", "x\n"])
def test_a_harmful_id_is_replaced(value: str) -> None:
    assert len(Incoming.of({"x-request-id": value}).id) == 32
    assert Incoming.of({"x-request-id": "a.b:c_d-1"}).id == "a.b:c_d-1"


def test_calls_are_logged_with_their_id(live: Live, caplog: pytest.LogCaptureFixture) -> None:
    handler = caplog.handler
    handler.setFormatter(JsonLines())
    caplog.set_level(logging.INFO)
    with riva.opened(live) as channel:
        riva.call(
            channel,
            f"{ASR}/Recognize",
            wire.RecognizeRequest(config=wire.RecognitionConfig(**riva.PCM), audio=bytes(3200)),
            wire.RecognizeResponse,
            metadata=(("x-request-id", "mine-2"),),
        )
    eventually(lambda: '"call"' in caplog.text)
    [line] = [json.loads(text) for text in caplog.text.splitlines() if '"call"' in text]
    assert (line["request_id"], line["outcome"]) == ("mine-2", "ok")

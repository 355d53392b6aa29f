"""`/v1/realtime` over a socket, with messages written by hand."""

import json
from collections.abc import Iterator

import pytest
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from speechtrt.errors import BackendError
from speechtrt.runtime.asr.events import Degraded, Dropped
from speechtrt.runtime.serving.realtime.direct import DirectWebSocket
from tests.runtime.serving.fakes import text_of
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import MANUAL, TRANSCRIPTION, Client, eventually, opened, silence, tone
from tests.runtime.serving.test_speech import counted


@pytest.fixture(scope="module", params=[DirectWebSocket, WebSocketsSansIOProtocol])
def live(request: pytest.FixtureRequest) -> Iterator[Live]:
    """Whatever the server's protocol offers, a session is the same."""
    with serving(protocol=request.param) as live:
        yield live


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with opened(live) as socket:
        found = Client(socket)
        session = found.expect("session.created")["session"]
        assert (session["type"], session["object"]) == ("transcription", "realtime.transcription_session")
        yield found


def test_defaults_are_those_of_the_interface(live: Live) -> None:
    with opened(live, "") as socket:
        sound = Client(socket).expect("session.created")["session"]["audio"]["input"]
    assert sound["format"] == {"type": "audio/pcm", "rate": 24_000}
    assert sound["transcription"]["model"] == "tiny-ctc"
    assert sound["turn_detection"]["type"] == "server_vad"


def test_a_committed_turn_becomes_an_item(client: Client) -> None:
    assert client.update(**MANUAL)["turn_detection"] is None
    for _ in range(5):
        client.append(tone(0.2))
    client.send("input_audio_buffer.commit")
    events = client.until(f"{TRANSCRIPTION}.completed")
    kinds = [e["type"] for e in events]
    assert [k for k in kinds if k != f"{TRANSCRIPTION}.delta"] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        f"{TRANSCRIPTION}.completed",
    ]
    [item] = {e["item_id"] for e in events if "item_id" in e}
    added = events[kinds.index("conversation.item.added")]["item"]
    assert (added["id"], added["type"], added["role"]) == (item, "message", "user")
    assert "".join(e["delta"] for e in events if e["type"].endswith("delta")) == text_of(1.0)
    assert events[-1]["transcript"] == text_of(1.0)
    assert events[-1]["usage"] == {"type": "duration", "seconds": 1.0}


def test_items_follow_each_other(client: Client) -> None:
    client.update(**MANUAL)
    seen = []
    for _ in range(2):
        client.append(tone(0.3))
        client.send("input_audio_buffer.commit")
        events = client.until(f"{TRANSCRIPTION}.completed")
        seen += [e for e in events if e["type"] == "input_audio_buffer.committed"]
    assert seen[0]["previous_item_id"] is None
    assert seen[1]["previous_item_id"] == seen[0]["item_id"]


def test_the_server_finds_turns(client: Client) -> None:
    client.update(turn_detection={"type": "server_vad", "prefix_padding_ms": 100, "silence_duration_ms": 300})
    sound = silence(1.0) + tone(1.0) + silence(1.0) + tone(0.5) + silence(1.0)
    for start in range(0, len(sound), 4801):  # odd: a sample is cut in two
        client.append(sound[start : start + 4801])
    first, second = client.until(f"{TRANSCRIPTION}.completed"), client.until(f"{TRANSCRIPTION}.completed")
    edges = [e for e in first + second if e["type"].startswith("input_audio_buffer.speech")]
    assert [e["type"].rpartition("_")[2] for e in edges] == ["started", "stopped", "started", "stopped"]
    starts = [e["audio_start_ms"] for e in edges if "audio_start_ms" in e]
    ends = [e["audio_end_ms"] for e in edges if "audio_end_ms" in e]
    assert starts == pytest.approx([900, 2900], abs=150)
    assert ends == pytest.approx([2330, 3830], abs=70)
    for events, start, end in ((first, starts[0], ends[0]), (second, starts[1], ends[1])):
        assert events[-1]["usage"]["seconds"] == pytest.approx((end - start) / 1000, abs=0.002)
        assert "".join(e["delta"] for e in events if e["type"].endswith("delta")) == events[-1]["transcript"]
        assert events[-1]["item_id"] == edges[0 if events is first else 2]["item_id"]


@pytest.mark.parametrize(
    ("kind", "width"),
    [
        ({"type": "audio/pcm", "rate": 16_000}, 2 * 16_000),
        ({"type": "audio/pcm", "rate": 8000}, 2 * 8000),
        ({"type": "audio/pcmu"}, 8000),
        ({"type": "audio/pcma"}, 8000),
    ],
)
def test_other_formats(client: Client, kind: dict[str, object], width: int) -> None:
    assert client.update(format=kind, **MANUAL)["format"] == kind
    client.append(bytes(width // 2))
    client.send("input_audio_buffer.commit")
    assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.5)


def test_updates_merge(client: Client) -> None:
    client.update(
        transcription={"language": "de", "prompt": "names"}, turn_detection={"type": "server_vad", "threshold": 0.7}
    )
    sound = client.update(turn_detection={"type": "server_vad", "silence_duration_ms": 200})
    assert (sound["turn_detection"]["threshold"], sound["turn_detection"]["silence_duration_ms"]) == (0.7, 200)
    assert sound["transcription"]["language"] == "de"
    sound = client.update(transcription={"language": None}, turn_detection=None)
    assert (sound["transcription"]["language"], sound["transcription"]["prompt"]) == (None, "names")
    assert sound["turn_detection"] is None
    assert client.update(format=None)["format"]["rate"] == 24_000


def test_clear_forgets_the_turn(client: Client, live: Live) -> None:
    client.update(**MANUAL)
    client.send("input_audio_buffer.clear")
    client.expect("input_audio_buffer.cleared")
    client.append(tone(0.5))
    begun = client.expect(f"{TRANSCRIPTION}.delta")
    client.send("input_audio_buffer.clear")
    gone = client.until("input_audio_buffer.cleared")
    assert gone[-2]["type"] == f"{TRANSCRIPTION}.failed"
    assert (gone[-2]["item_id"], gone[-2]["error"]["code"]) == (begun["item_id"], "input_audio_buffer_cleared")
    eventually(lambda: live.hearer.active == 0)
    client.append(tone(0.3))
    client.send("input_audio_buffer.commit")
    assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.3)


def _update(**sound: object) -> str:
    return json.dumps({"type": "session.update", "session": {"type": "transcription", "audio": {"input": sound}}})


BAD = {
    "no JSON": "{",
    "unknown type": '{"type": "response.create", "event_id": "mine"}',
    "no type": '{"event_id": "mine"}',
    "type is a number": '{"type": 5}',
    "a list": "[]",
    "two types": '{"type": "nothing", "type": "input_audio_buffer.commit"}',
    "Infinity": '{"type": "input_audio_buffer.append", "audio": -Infinity}',
    "NaN": '{"type": "input_audio_buffer.append", "audio": NaN}',
    "no audio": '{"type": "input_audio_buffer.append"}',
    "audio is null": '{"type": "input_audio_buffer.append", "audio": null}',
    "bad base64": '{"type": "input_audio_buffer.append", "audio": "a*b="}',
    "empty audio": '{"type": "input_audio_buffer.append", "audio": ""}',
    "no session": '{"type": "session.update"}',
    "session of another kind": '{"type": "session.update", "session": {"type": "realtime"}}',
    "strange rate": _update(format={"type": "audio/pcm", "rate": 7}),
    "semantic VAD": _update(turn_detection={"type": "semantic_vad"}),
    "threshold": _update(turn_detection={"type": "server_vad", "threshold": 2}),
    "path as model": _update(transcription={"model": "../x"}),
    "deep nesting": '{"type": "session.update", "session": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "lone surrogate": '{"type": "\\ud800"}',
    "empty commit": '{"type": "input_audio_buffer.commit"}',
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_bad_messages_are_errors_and_the_session_survives(client: Client, text: str) -> None:
    client.socket.send(text)
    error = client.error()
    assert error["message"]
    assert error["event_id"] == ("mine" if '"mine"' in text else None)
    client.socket.send(b"binary")
    assert client.error()["code"] == "invalid_json"
    client.update(**MANUAL)
    client.append(tone(0.2))
    client.send("input_audio_buffer.commit")
    assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.2)


def test_a_client_hears_of_overload(client: Client, live: Live) -> None:
    client.update(**MANUAL)
    client.append(tone(0.2))
    client.until(f"{TRANSCRIPTION}.delta")
    listener = live.hearer.opened[-1]
    live.loop.call_soon_threadsafe(listener.tell, Degraded(4, "streams lose audio", "latency"))
    live.loop.call_soon_threadsafe(listener.tell, Dropped(0.1, 0.56))
    overload = client.expect("speechtrt.overload")
    assert (overload["rung"], overload["action"]) == (4, "streams lose audio")
    assert client.expect("speechtrt.audio_dropped")["duration_ms"] == 560
    eventually(lambda: "speechtrt_dropped_audio_seconds_total{" in counted(live))


def test_a_stream_that_breaks_fails_its_item_and_the_session_goes_on(
    client: Client, live: Live, caplog: pytest.LogCaptureFixture
) -> None:
    client.update(**MANUAL)
    client.append(tone(0.2))
    client.until(f"{TRANSCRIPTION}.delta")
    live.loop.call_soon_threadsafe(live.hearer.opened[-1].tell, BackendError("stage step failed"))
    assert client.expect(f"{TRANSCRIPTION}.failed")["error"]["code"] == "server_error"
    eventually(lambda: "stage step failed" in caplog.text)
    values = {"model": "tiny-ctc", "version": "v1", "engine": "fake"}
    eventually(lambda: live.service.metrics.registry.get_sample_value("speechtrt_failed_turns_total", values) == 1)
    client.append(tone(0.3))
    client.send("input_audio_buffer.commit")
    assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.3)


def test_an_update_in_the_middle_of_a_sample_loses_nothing(client: Client) -> None:
    client.update(**MANUAL)
    client.append(tone(0.3)[:-1])
    client.send("session.update", session={"type": "transcription", "audio": {"input": {"transcription": {}}}})
    client.append(tone(0.3)[-1:])
    client.send("input_audio_buffer.commit")
    events = client.until(f"{TRANSCRIPTION}.completed")
    assert events[-1]["usage"]["seconds"] == 0.3


def test_a_short_commit_is_an_error(client: Client) -> None:
    client.update(**MANUAL)
    client.append(tone(0.05))
    client.send("input_audio_buffer.commit", event_id="short")
    error = client.error()
    assert (error["code"], error["event_id"]) == ("input_audio_buffer_commit_empty", "short")
    assert "50 ms" in error["message"]


def test_the_format_of_an_open_turn_stays(client: Client) -> None:
    client.update(**MANUAL)
    client.append(tone(0.2))
    client.until(f"{TRANSCRIPTION}.delta")
    client.send(
        "session.update", session={"type": "transcription", "audio": {"input": {"format": {"type": "audio/pcmu"}}}}
    )
    assert "commit or clear" in client.error()["message"]

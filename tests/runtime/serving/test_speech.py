"""`/v1/audio/speech` over a socket."""

import base64
import io
import json
from collections.abc import Iterator

import numpy as np
import pytest
import soundfile

from speechtrt.audio import Audio
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.ports import Utterance
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from tests.runtime.serving.fakes import RATE, sound_of
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import eventually

TEXT = "hello there"
SPEECH = {"model": "tiny-voice", "input": TEXT, "voice": "anna"}
SOUND = sound_of(Utterance(TEXT, "anna", 0))


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving() as live:
        yield live


def speak(live: Live, **changes: object) -> bytes:
    with live.client() as client:
        response = client.post("/v1/audio/speech", json={**SPEECH, **changes})
        assert response.status_code == 200, response.text
        return response.content


def error(live: Live, **changes: object) -> dict[str, object]:
    with live.client() as client:
        response = client.post("/v1/audio/speech", json={**SPEECH, **changes})
        assert 400 <= response.status_code < 500, response.text
        found = response.json()["error"]
        assert set(found) == {"message", "type", "param", "code"}
        return {"status": response.status_code, **found}


def test_wav_holds_exactly_what_was_spoken(live: Live) -> None:
    data = speak(live, response_format="wav")
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == RATE
    assert samples.astype("<i2").tobytes() == encode_pcm16(SOUND)


def test_flac_holds_exactly_what_was_spoken(live: Live) -> None:
    samples, rate = soundfile.read(io.BytesIO(speak(live, response_format="flac")), dtype="int16")
    assert (rate, samples.astype("<i2").tobytes()) == (RATE, encode_pcm16(SOUND))


def test_pcm_is_resampled_to_24_khz_without_a_seam(live: Live) -> None:
    pcm = np.frombuffer(speak(live, response_format="pcm"), "<i2") / 32768
    whole = Audio(SOUND, RATE).resampled(24_000).samples
    assert abs(len(pcm) - len(whole)) <= 1
    shared = min(len(pcm), len(whole))
    assert np.abs(pcm[:shared] - whole[:shared]).max() < 1e-3


@pytest.mark.parametrize("kind", ["mp3", "opus"])
def test_lossy_formats_sound_alike(live: Live, kind: str) -> None:
    samples, rate = soundfile.read(io.BytesIO(speak(live, response_format=kind)), dtype="float32")
    assert rate == RATE
    assert abs(len(samples) - len(SOUND)) < 0.15 * RATE
    ours, theirs = np.abs(np.fft.rfft(SOUND, 2**15)), np.abs(np.fft.rfft(samples, 2**15))
    assert np.linalg.norm(ours - theirs) < 0.1 * np.linalg.norm(ours)


def test_aac_is_adts(live: Live) -> None:
    assert speak(live, response_format="aac")[:1] == b"\xff"


def test_events_carry_the_same_bytes(live: Live) -> None:
    lines = speak(live, response_format="pcm", stream_format="sse").decode().split("\n\n")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line]
    assert [e["type"] for e in events[-2:]] == ["speech.audio.delta", "speech.audio.done"]
    assert len(events) > 5
    audio = b"".join(base64.b64decode(e["audio"]) for e in events[:-1])
    assert audio == speak(live, response_format="pcm")


def test_sound_begins_while_the_rest_is_made(live: Live) -> None:
    live.hold()
    with (
        live.client() as client,
        client.stream("POST", "/v1/audio/speech", json={**SPEECH, "response_format": "wav"}) as r,
    ):
        pieces = r.iter_bytes()
        assert len(next(pieces)) > 44
        assert live.speaker.active == 1
        live.release()
        assert sum(len(p) for p in pieces) > 0


def test_a_client_that_leaves_frees_its_slot(live: Live) -> None:
    live.hold()
    with (
        live.client() as client,
        client.stream("POST", "/v1/audio/speech", json=SPEECH | {"response_format": "wav"}) as r,
    ):
        next(r.iter_bytes())
    eventually(lambda: (live.speaker.active, live.service.in_flight) == (0, 0))
    live.release()


def test_aliases_and_the_seed(live: Live) -> None:
    speak(live, model="tts-1", voice={"id": "alloy"}, seed=7)
    assert live.speaker.spoken[-1] == Utterance(TEXT, "ben", 7)


def test_what_cannot_be_spoken_is_refused(live: Live) -> None:
    assert error(live, input=" ")["status"] == 400
    assert error(live, input="x" * 4097)["code"] == "string_above_max_length"
    assert error(live, model="../voice")["status"] == 404
    assert error(live, voice="zoe")["param"] == "voice"
    assert error(live, speed=2)["param"] == "speed"
    assert error(live, speed=9)["param"] == "speed"
    assert error(live, response_format="midi")["param"] == "response_format"
    assert error(live, input=5)["param"] == "input"


@pytest.mark.parametrize("body", [b"", b"{", b'{"input": "\\ud800"}', b"\xff\xfe", b"[]", b"null", b'{"input": NaN}'])
def test_what_is_no_request_is_refused(live: Live, body: bytes) -> None:
    with live.client() as client:
        response = client.post("/v1/audio/speech", content=body)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_too_long_is_refused_with_and_without_its_length() -> None:
    with serving(Limits(body_bytes=1000)) as live, live.client() as client:
        for content in (b"x" * 1001, iter([b"x" * 600, b"x" * 600])):
            response = client.post("/v1/audio/speech", content=content)
            assert (response.status_code, response.json()["error"]["code"]) == (413, "body_too_large")


def test_a_full_server_says_when_to_come_back() -> None:
    with serving(Limits(queue=0), slots=1) as live, live.client() as client:
        live.hold()
        with client.stream("POST", "/v1/audio/speech", json={**SPEECH, "response_format": "wav"}) as first:
            pieces = first.iter_bytes()  # closes the response when it is forgotten
            next(pieces)
            with live.client() as other:
                refused = other.post("/v1/audio/speech", json=SPEECH)  # at once: no place is free before `release`
                assert (refused.status_code, refused.json()["error"]["code"]) == (429, "capacity")
                assert int(refused.headers["retry-after-ms"]) > 0
                assert other.get("/v2/health/ready").status_code == 200
            live.release()
            assert sum(len(p) for p in pieces) > 0


def test_a_client_that_does_not_read_is_cut() -> None:
    import socket

    with serving(Limits(write_seconds=0.2, text_characters=100_000)) as live:
        body = json.dumps({**SPEECH, "input": "x" * 4000, "response_format": "wav"}).encode()
        head = f"POST /v1/audio/speech HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            slow.connect(("127.0.0.1", live.port))
            slow.sendall(head + body)
            eventually(lambda: "slow_consumer_disconnects_total{" in counted(live))
            eventually(lambda: live.speaker.active == 0)


def counted(live: Live) -> str:
    """Metrics that are not zero."""
    lines = live.service.metrics.exposition().decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("#") and not line.endswith(" 0.0"))

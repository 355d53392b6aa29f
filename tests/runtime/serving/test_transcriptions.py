"""`/v1/audio/transcriptions` over a socket."""

import io
import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import soundfile

from speechtrt.runtime.serving.core.limits import Limits
from tests.runtime.serving.fakes import text_of
from tests.runtime.serving.live import Live, serving

URL = "/v1/audio/transcriptions"


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving() as live:
        yield live


def recording(
    seconds: float = 1.25, rate: int = 16_000, kind: str = "WAV", channels: int = 1, subtype: str | None = None
) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros((int(seconds * rate), channels)), rate, format=kind, subtype=subtype)
    return file.getvalue()


def post(live: Live, file: bytes | None = None, **fields: Any) -> tuple[int, str]:
    data = recording() if file is None else file
    with live.client() as client:
        response = client.post(URL, files={"file": ("a.wav", data)}, data={"model": "tiny-ctc", **fields})
        return response.status_code, response.text


def refusal(live: Live, file: bytes | None = None, **fields: Any) -> tuple[int, str]:
    status, body = post(live, file, **fields)
    return status, json.loads(body)["error"]["message"]


@pytest.mark.parametrize("kind", ["WAV", "FLAC", "OGG", "MP3"])
@pytest.mark.parametrize("rate", [8000, 44_100])
def test_any_file_is_heard(live: Live, kind: str, rate: int) -> None:
    status, body = post(live, recording(2.0, rate, kind, channels=2))
    assert status == 200
    assert json.loads(body)["text"].startswith(text_of(1.9))


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "FLOAT"])
def test_a_telephones_recording_is_heard(live: Live, subtype: str) -> None:
    status, body = post(live, recording(2.0, 8000, subtype=subtype))
    assert status == 200
    assert json.loads(body)["text"].startswith(text_of(1.9))


@pytest.mark.parametrize(("container", "codec"), [("mp4", "aac"), ("webm", "libopus")])
def test_what_browsers_record_is_heard(live: Live, container: str, codec: str) -> None:
    import av

    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        stream: Any = out.add_stream(codec, rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 96_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 48_000
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    status, body = post(live, file.getvalue())
    assert status == 200, body
    assert json.loads(body)["text"].startswith(text_of(1.9))


def test_every_shape(live: Live) -> None:
    assert json.loads(post(live)[1]) == {"text": text_of(1.25), "usage": {"type": "duration", "seconds": 1.25}}
    assert post(live, response_format="text") == (200, f"{text_of(1.25)}\n")
    assert post(live, response_format="srt")[1].startswith("1\n00:00:00,000 --> 00:00:01,200\nw0 w1")
    assert post(live, response_format="vtt")[1].startswith("WEBVTT\n\n00:00:00.000 --> 00:00:01.200\nw0 w1")


def test_verbose_json_has_words_when_asked(live: Live) -> None:
    plain = json.loads(post(live, response_format="verbose_json")[1])
    assert "words" not in plain
    assert plain["segments"] == [{"id": 0, "start": 0.0, "end": 1.2, "text": text_of(1.25)}]
    asked: dict[str, Any] = {"response_format": "verbose_json", "timestamp_granularities[]": "word", "language": "de"}
    document = json.loads(post(live, **asked)[1])
    assert (document["duration"], document["language"], document["text"]) == (1.25, "de", text_of(1.25))
    assert document["words"][2] == {"word": "w2", "start": 0.2, "end": 0.3}


def test_deltas_join_to_the_text(live: Live) -> None:
    status, body = post(live, recording(3.5), stream="true")
    events = [json.loads(line.removeprefix("data: ")) for line in body.split("\n\n") if line]
    deltas = [e["delta"] for e in events if e["type"] == "transcript.text.delta"]
    assert status == 200
    assert len(deltas) > 2
    assert events[-1]["type"] == "transcript.text.done"
    assert "".join(deltas) == events[-1]["text"] == text_of(3.5)


def test_bad_requests(live: Live) -> None:
    assert refusal(live, b"")[0] == 400
    assert refusal(live, b"RIFF....WAVE nothing")[0] == 400
    assert refusal(live, recording()[:30])[0] == 400
    assert refusal(live, recording(0))[0] == 400
    assert refusal(live, b"\x00\x00\x00\x20ftypisom")[0] == 400
    assert refusal(live, model="/etc/passwd")[0] == 404
    assert "one of: json, text" in refusal(live, response_format="pdf")[1]
    assert refusal(live, stream="maybe")[0] == 400
    letters: dict[str, Any] = {"timestamp_granularities[]": "letter"}
    assert refusal(live, **letters)[0] == 400
    with live.client() as client:
        assert client.post(URL, data={"model": "tiny-ctc"}).status_code == 400
        assert client.post(URL, files={"other": b""}).status_code == 400
        assert client.post(URL, json={}).status_code == 400
        broken = {"content-type": "multipart/form-data"}
        assert client.post(URL, content=b"x", headers=broken).status_code == 400
        assert client.get(URL).status_code == 405


def wav_with(rate: int = 16_000, channels: int = 1, bits: int = 16, code: int = 1, data: bytes = bytes(3200)) -> bytes:
    import struct

    width = channels * bits // 8
    form = struct.pack("<IHHIIHH", 16, code, channels, rate, rate * width & 0xFFFFFFFF, width & 0xFFFF, bits)
    return (
        b"RIFF" + struct.pack("<I", 36 + len(data)) + b"WAVEfmt " + form + b"data" + struct.pack("<I", len(data)) + data
    )


@pytest.mark.parametrize(
    "file",
    [
        wav_with(rate=0),
        wav_with(rate=1_000_000_000),
        wav_with(channels=64),
        wav_with(bits=32, code=3, data=np.full(800, np.nan, "<f4").tobytes()),
        recording(kind="FLAC")[:60],
        recording(kind="OGG")[:60],
    ],
    ids=["rate 0", "rate 10^9", "64 channels", "NaN", "truncated FLAC", "truncated Ogg"],
)
def test_lying_files_are_refused(live: Live, file: bytes) -> None:
    status, message = refusal(live, file)
    assert status == 400, message


def test_a_long_recording_in_few_bytes_is_refused_before_it_is_whole() -> None:
    with serving(Limits(audio_seconds=5, body_bytes=100_000)) as live:
        bomb = recording(600, 16_000, "FLAC")
        assert len(bomb) < 50_000
        status, message = refusal(live, bomb)
        assert (status, "longer than 5 seconds" in message) == (413, True)
        status, message = refusal(live, bytes(100_001))
        assert (status, "100000 bytes" in message) == (413, True)

"""openai's SDK, unmodified: what it hears is what `synth` and `transcribe` write."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechtrt.audio import read_audio
from speechtrt.runtime.asr.resampler import Resampler
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.reference import VOICE, reference_engines
from speechtrt.runtime.serving.sound.encoding import PCM_RATE, encode_pcm16
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.clients.conftest import Program
from tests.runtime.serving.process import Served, served

pytestmark = pytest.mark.clients

TEXT, SEED = "Turn on the kitchen lights at half past seven.", 3


def test_speech(server: Served, program: Program) -> None:
    with Synthesizer.open(reference_engines(VOICE)) as synthesizer:
        audio = synthesizer.synthesize(TEXT, "slt", SEED).audio
    found = program("openai_speech", server.url, TEXT, "slt", SEED)
    assert found.pop("models") == ["voice", "ctc-medium"]
    assert set(found.pop("kinds")) == {"speech.audio.delta", "speech.audio.done"}
    data = {kind: base64.b64decode(text) for kind, text in found.items()}
    for kind in ("wav", "flac"):
        samples, rate = soundfile.read(io.BytesIO(data[kind]), dtype="int16")
        assert (rate, samples.astype("<i2").tobytes()) == (audio.rate, encode_pcm16(audio.samples))
    resampler = Resampler(PCM_RATE)
    pieces = [resampler.push(audio.samples, audio.rate), resampler.end()]
    assert data["pcm"] == data["streamed"] == data["events"] == encode_pcm16(np.concatenate(pieces))
    for kind in ("mp3", "opus"):
        samples, rate = soundfile.read(io.BytesIO(data[kind]))
        assert abs(len(samples) / rate - audio.seconds) < 0.2
    assert len(data["aac"]) > 1000


def test_transcriptions(server: Served, program: Program, recording: Path, said: Transcript) -> None:
    found = program("openai_transcriptions", server.url, recording)
    words = [[w.word, w.start, w.end] for w in said.words]
    assert found["json"] == found["verbose"] == found["done"] == "".join(found["deltas"]) == said.text
    assert found["text"].strip() == " ".join(found["segments"]) == said.text
    assert (found["words"], found["duration"]) == (words, said.duration_seconds)
    assert found["vtt"].startswith("WEBVTT\n\n00:00:")
    assert found["srt"].startswith("1\n00:00:")
    assert len(found["deltas"]) > 1


@pytest.mark.parametrize("rate", [24_000, 16_000])
@pytest.mark.parametrize("mode", ["vad", "commit"])
def test_realtime(
    server: Served, program: Program, recording: Path, said: Transcript, tmp_path: Path, mode: str, rate: int
) -> None:
    samples = read_audio(recording).resampled(rate).samples
    silence = np.zeros(rate if mode == "vad" else 0, np.float32)
    (tmp_path / "sound.raw").write_bytes(encode_pcm16(np.concatenate([samples, silence])))
    events = program("openai_realtime", server.url, tmp_path / "sound.raw", rate, mode)
    assert [e["class"] for e in events[:2]] == ["SessionCreatedEvent", "SessionUpdatedEvent"]
    kinds = [e["type"] for e in events]
    assert ("input_audio_buffer.speech_started" in kinds) is (mode == "vad")
    assert "".join(e["delta"] for e in events if e["type"].endswith(".delta")) == said.text
    assert next(e for e in events if e["type"].endswith(".completed"))["transcript"] == said.text
    assert events[-1]["class"] == "RealtimeErrorEvent"


def test_errors_and_retries(program: Program, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("the-key\n")
    (tmp_path / "serve.toml").write_text("speech_slots = 1\n[limits]\nqueue = 0\n")
    with served("--config", tmp_path / "serve.toml", "--api-key-file", tmp_path / "keys") as server:
        found = program("openai_errors", server.url, "the-key")
    assert found.pop("patient") > 1000
    assert found == {
        "key": "AuthenticationError invalid_api_key",
        "model": "NotFoundError model_not_found",
        "voice": "BadRequestError voice_not_found",
        "empty": "BadRequestError invalid",
        "long": "BadRequestError string_above_max_length",
        "file": "BadRequestError invalid",
        "full": "RateLimitError capacity",
    }

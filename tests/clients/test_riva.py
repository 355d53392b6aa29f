"""nvidia-riva-client, unmodified."""

import base64
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import read_audio, write_wav
from speechtrt.runtime.asr.resampler import Resampler
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.reference import VOICE, reference_engines
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.clients.conftest import Program
from tests.runtime.serving.process import Served

pytestmark = pytest.mark.clients

TEXT = "Turn on the kitchen lights at half past seven."


def test_recognition(server: Served, program: Program, recording: Path, said: Transcript, tmp_path: Path) -> None:
    write_wav(tmp_path / "said.wav", read_audio(recording))
    found = program("riva_asr", f"127.0.0.1:{server.grpc_port}", tmp_path / "said.wav")
    words = [[w.word, round(w.start * 1000), round(w.end * 1000)] for w in said.words]
    assert found["offline"] == found["raw"] == found["stream"]["text"] == found["file"]["text"] == said.text
    assert found["offline_words"] == found["stream"]["words"] == found["file"]["words"] == words
    assert found["stream"]["interim"] > 0
    assert found["models"] == [["ctc-medium", "online"], ["ctc-medium", "offline"]]


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_synthesis(server: Served, program: Program, rate: int) -> None:
    with Synthesizer.open(reference_engines(VOICE)) as synthesizer:
        audio = synthesizer.synthesize(TEXT, "slt", 0).audio
    resampler = Resampler(rate)
    expected = encode_pcm16(np.concatenate([resampler.push(audio.samples, audio.rate), resampler.end()]))
    found = program("riva_tts", f"127.0.0.1:{server.grpc_port}", TEXT, "voice.slt", 0, rate)
    assert base64.b64decode(found["whole"]) == base64.b64decode(found["online"]) == expected
    assert found["pieces"] > 1
    assert found["voices"] == [["voice", "slt:0"]]

"""LiveKit's and Pipecat's openai plugins, unmodified."""

import base64
from pathlib import Path

import numpy as np
import pytest

from speechtrt.runtime.asr.resampler import Resampler
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.reference import VOICE, reference_engines
from speechtrt.runtime.serving.sound.encoding import PCM_RATE, encode_pcm16
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.clients.conftest import Program
from tests.runtime.serving.process import Served

pytestmark = pytest.mark.clients

TEXT = "Turn on the kitchen lights at half past seven."


def test_livekit(server: Served, agent: Program, microphone: Path, said: Transcript) -> None:
    found = agent("livekit_agents", server.url, microphone, TEXT, "slt")
    assert found["finals"] == [found["whole"]] == [said.text]
    assert all(said.text.startswith(text) for text in found["interims"])
    assert [kind for kind in found["kinds"] if kind != "interim_transcript"] == [
        "start_of_speech",
        "end_of_speech",
        "final_transcript",
    ]
    with Synthesizer.open(reference_engines(VOICE)) as synthesizer:
        audio = synthesizer.synthesize(TEXT, "slt", 0).audio
    resampler = Resampler(PCM_RATE)
    expected = np.concatenate([resampler.push(audio.samples, audio.rate), resampler.end()])
    sound = base64.b64decode(found["sound"])
    assert sound[: 2 * len(expected)] == encode_pcm16(expected)
    assert not any(sound[2 * len(expected) :])  # the framework fills its last frame with silence


@pytest.mark.parametrize("mode", ["local", "server"])
def test_pipecat(server: Served, agent: Program, microphone: Path, said: Transcript, mode: str) -> None:
    found = agent("pipecat_agents", server.url, microphone, mode)
    assert found["finals"] == ["".join(found["interims"])] == [said.text]

"""wyoming's own client, unmodified."""

import base64
from pathlib import Path

import pytest

from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.reference import VOICE, reference_engines
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.clients.conftest import Program
from tests.runtime.serving.process import Served

pytestmark = pytest.mark.clients

TEXT, SEED = "Turn on the kitchen lights at half past seven.", 3


def test_it_asks_listens_and_speaks(server: Served, program: Program, microphone: Path, said: Transcript) -> None:
    found = program("wyoming_voice", server.wyoming_port, microphone, TEXT, "voice.slt", SEED)
    assert (found["models"], found["voices"]) == (["ctc-medium"], ["voice.slt"])
    assert found["text"] == "".join(found["deltas"]) == said.text
    assert len(found["deltas"]) > 1
    with Synthesizer.open(reference_engines(VOICE)) as synthesizer:
        audio = synthesizer.synthesize(TEXT, "slt", SEED).audio
    assert (found["rate"], base64.b64decode(found["sound"])) == (audio.rate, encode_pcm16(audio.samples))
    assert found["pieces"] > 1

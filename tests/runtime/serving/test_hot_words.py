"""Hot words, alternatives and endpoints: what each protocol asks of a stream."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import TextError
from speechtrt.runtime.asr.decoding.options import BOOST, HotPhrase
from speechtrt.runtime.asr.transcript import Transcript
from speechtrt.runtime.serving.core.hearing import transcribe
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Hearer, Listening, Mode
from speechtrt.runtime.serving.core.prompt import phrases
from speechtrt.runtime.serving.models.opening import OpeningOptions, open_engines
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from tests.runtime.serving import test_riva as riva
from tests.runtime.serving.live import serving
from tests.runtime.serving.realtime_client import MANUAL, Client, opened, tone
from tests.runtime.serving.test_transcriptions import recording

URL = "/v1/audio/transcriptions"


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (None, ()),
        ("", ()),
        ("one word", ()),
        ("Nemotron, New York;  tensor rt.\nQuux, Quux", ("Nemotron", "New York", "tensor rt", "Quux")),
        ("This is a conversation between two people, and they like it.", ()),
    ],
)
def test_a_prompt_that_lists_phrases(prompt: str | None, found: tuple[str, ...]) -> None:
    assert phrases(prompt) == found


def test_keywords_and_prompt_of_a_recording() -> None:
    with serving() as live, live.client() as client:
        fields = {"keywords[]": ["alpha", "beta gamma"], "prompt": "delta, epsilon"}
        for stream, mode in (("false", Mode.RECORDING), ("true", Mode.GROWING)):
            assert client.post(URL, files={"file": recording()}, data={**fields, "stream": stream}).status_code == 200
            hot = (HotPhrase("alpha"), HotPhrase("beta gamma"))
            assert live.hearer.asked[-1] == Listening(mode, hot_words=hot, hints=("delta", "epsilon"))
        for keyword in ("unspeakable", " "):
            refused = client.post(URL, files={"file": recording()}, data={"keywords[]": [keyword], "stream": "true"})
            assert refused.status_code == 400
            assert "hot phrase" in refused.json()["error"]["message"]


def test_keywords_of_a_session() -> None:
    with serving() as live, opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        found = client.update(transcription={"keywords": ["alpha"], "prompt": "beta, gamma"}, **MANUAL)
        assert found["transcription"]["keywords"] == ["alpha"]
        client.append(tone(0.5))
        client.until("conversation.item.input_audio_transcription.delta")
        assert live.hearer.asked == [Listening(hot_words=(HotPhrase("alpha"),), hints=("beta", "gamma"))]
        client.send(
            "session.update",
            session={"type": "transcription", "audio": {"input": {"transcription": {"keywords": ["unspeakable"]}}}},
        )
        assert "no labels" in client.error()["message"]
        assert "keywords" not in client.update(transcription={"keywords": None})["transcription"]


def test_what_riva_asks_of_a_stream() -> None:
    with serving() as live, riva.opened(live) as channel:
        context = wire.SpeechContext(phrases=["alpha", "beta"], boost=2.5)
        config: dict[str, Any] = {
            **riva.PCM,
            "speech_contexts": [context, wire.SpeechContext(phrases=["gamma"])],
            "max_alternatives": 3,
            "endpointing_config": wire.EndpointingConfig(stop_history=900),
        }
        list(riva.stream(channel, riva.head(**config), riva.sound(bytes(3200))))
        hot = (HotPhrase("alpha", 2.5), HotPhrase("beta", 2.5), HotPhrase("gamma", BOOST))
        assert live.hearer.asked[-1] == Listening(Mode.UTTERANCES, 0.9, hot, alternatives=3)
        riva.recognize(channel, recording(), **config)
        assert live.hearer.asked[-1] == Listening(Mode.RECORDING, 0.9, hot, alternatives=3)
        for wrong in ("unspeakable", " "):
            contexts = [wire.SpeechContext(phrases=[wrong])]
            calls = (
                lambda found=contexts: riva.recognize(channel, recording(), speech_contexts=found, **riva.PCM),
                lambda found=contexts: riva.stream(
                    channel, riva.head(speech_contexts=found, **riva.PCM), riva.sound(bytes(3200))
                ),
            )
            for call in calls:
                assert riva.code(call) is grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture(scope="module")
def hearer(tiny_ctc_engines: Path) -> Iterator[Opened[Hearer]]:
    opened = open_engines(EngineFolder.open(tiny_ctc_engines), OpeningOptions(streams=4, batch=2))
    yield opened
    opened.close()


def heard(opened: Opened[Hearer], listening: Listening) -> Transcript:
    noise = np.random.default_rng(5).normal(0, 0.1, 48_000).astype(np.float32)
    return asyncio.run(transcribe(opened.model, Audio(noise, 16_000), Metrics(), listening))


def test_engines_have_alternatives_and_heed_hot_words(hearer: Opened[Hearer]) -> None:
    plain = heard(hearer, Listening(Mode.RECORDING))
    several = heard(hearer, Listening(Mode.RECORDING, alternatives=4))
    assert len(several.alternatives) == 4
    assert several.alternatives[0].text == several.text
    usual = several.text.split()
    rare = next(word for other in several.alternatives for word in other.text.split() if word not in usual)
    for hot in (Listening(Mode.RECORDING, hot_words=(HotPhrase(rare, 8.0),)), Listening(Mode.RECORDING, hints=(rare,))):
        assert rare in heard(hearer, hot).text.split()
    hinted = heard(hearer, Listening(Mode.RECORDING, hints=("\u4e16\u754c",)))
    assert (hinted.text, plain.alternatives) == (plain.text, ())


def test_what_no_stream_can_have_is_said_before(hearer: Opened[Hearer]) -> None:
    with pytest.raises(TextError, match="no labels"):
        hearer.model.check(Listening(hot_words=(HotPhrase("\u4e16\u754c"),)))
    with pytest.raises(TextError, match="alternatives"):
        hearer.model.check(Listening(alternatives=1000))

"""Riva's services over a socket: what its client never does, and how calls are refused."""

import threading
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.ports import Utterance
from speechtrt.runtime.serving.riva.server import ASR, HEALTH, TTS
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from tests.runtime.serving.fakes import sound_of, text_of
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import eventually
from tests.runtime.serving.test_speech import counted
from tests.runtime.serving.test_transcriptions import recording, wav_with

PCM: dict[str, Any] = {"encoding": wire.LINEAR_PCM, "sample_rate_hertz": 16_000}


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving() as live:
        yield live


@pytest.fixture
def channel(live: Live) -> Iterator[grpc.Channel]:
    with opened(live) as channel:
        yield channel


def opened(live: Live) -> Any:
    return grpc.insecure_channel(f"127.0.0.1:{live.grpc_port}", [("grpc.enable_http_proxy", 0)])


def call(channel: grpc.Channel, path: str, request: Any, answer: Any, **settings: Any) -> Any:
    serializer = type(request).SerializeToString
    method = channel.unary_unary(f"/{path}", request_serializer=serializer, response_deserializer=answer.FromString)
    return method(request, timeout=60, **settings)


def recognize(channel: grpc.Channel, audio: bytes, **config: Any) -> Any:
    request = wire.RecognizeRequest(config=wire.RecognitionConfig(**config), audio=audio, id=wire.RequestId(value="7"))
    return call(channel, f"{ASR}/Recognize", request, wire.RecognizeResponse)


def stream(channel: grpc.Channel, *requests: wire.StreamingRecognizeRequest) -> Any:
    method = channel.stream_stream(
        f"/{ASR}/StreamingRecognize",
        request_serializer=wire.StreamingRecognizeRequest.SerializeToString,
        response_deserializer=wire.StreamingRecognizeResponse.FromString,
    )
    return method(iter(requests), timeout=60)


def head(interim: bool = False, **config: Any) -> wire.StreamingRecognizeRequest:
    settings = wire.StreamingRecognitionConfig(config=wire.RecognitionConfig(**config), interim_results=interim)
    return wire.StreamingRecognizeRequest(streaming_config=settings, id=wire.RequestId(value="9"))


def sound(data: bytes) -> wire.StreamingRecognizeRequest:
    return wire.StreamingRecognizeRequest(audio_content=data)


def code(request: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as error:
        list(request()) if callable(request) else list(request)
    assert error.value.details()
    return error.value.code()


def test_a_recording_is_heard_with_its_id(channel: grpc.Channel) -> None:
    answer = recognize(channel, bytes(32_000), enable_word_time_offsets=True, **PCM)
    [result] = answer.results
    assert result.alternatives[0].transcript == text_of(1.0)
    assert [w.start_time for w in result.alternatives[0].words[:2]] == [0, 100]
    assert answer.id.value == "7"
    assert recognize(channel, recording(1.0, kind="FLAC")).results[0].alternatives[0].transcript == text_of(1.0)


def test_a_stream_has_interim_results_only_if_asked(channel: grpc.Channel) -> None:
    for interim in (True, False):
        answers = list(stream(channel, head(interim, **PCM), sound(bytes(16_001)), sound(bytes(15_999))))
        results = [result for answer in answers for result in answer.results]
        assert [r.is_final for r in results] == ([False, False, True] if interim else [True])
        assert results[-1].alternatives[0].transcript == text_of(1.0)
        assert not results[-1].alternatives[0].words
        assert answers[0].id.value == "9"


@pytest.mark.parametrize("size", [1, 7, 44, 10_000])
def test_a_file_may_be_streamed_as_it_lies_on_the_disk(channel: grpc.Channel, size: int) -> None:
    file = wav_with(rate=8000, data=bytes(4000))
    pieces = [sound(file[i : i + size]) for i in range(0, len(file), size)]
    [answer] = list(stream(channel, head(), *pieces))
    assert answer.results[0].alternatives[0].transcript == text_of(0.25)


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [sound(b"12")],
        [head(), sound(bytes(100))],
        [head(encoding=wire.FLAC, sample_rate_hertz=16_000)],
        [head(encoding=wire.LINEAR_PCM, sample_rate_hertz=10**9), sound(bytes(100))],
        [head(audio_channel_count=2, **PCM)],
        [head(language_code="xx-XX", **PCM)],
        [head(**PCM), sound(bytes(3))],
        [head(), sound(wav_with(channels=2))],
        [head(), sound(wav_with(bits=32, code=3))],
    ],
    ids=[
        "nothing",
        "no config",
        "no rate",
        "FLAC",
        "10^9 Hz",
        "stereo",
        "language",
        "odd",
        "stereo file",
        "float file",
    ],
)
def test_wrong_streams_are_refused(channel: grpc.Channel, live: Live, requests: list[Any]) -> None:
    assert code(stream(channel, *requests)) is grpc.StatusCode.INVALID_ARGUMENT
    eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))


def test_wrong_recordings_are_refused(channel: grpc.Channel) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert code(lambda: recognize(channel, b"", **PCM)) is invalid
    assert code(lambda: recognize(channel, b"RIFFxxxx")) is invalid
    assert code(lambda: recognize(channel, bytes(100))) is invalid
    assert code(lambda: recognize(channel, bytes(100), model="../x", **PCM)) is grpc.StatusCode.NOT_FOUND


def speak(channel: grpc.Channel, **fields: Any) -> bytes:
    request = wire.SynthesizeRequest(text="hello", **fields)
    audio: bytes = call(channel, f"{TTS}/Synthesize", request, wire.SynthesizeResponse).audio
    return audio


def test_speech(channel: grpc.Channel) -> None:
    assert speak(channel) == encode_pcm16(sound_of(Utterance("hello", None, 0)))
    extra = {"voice_name": "tiny-voice.ben", "custom_configuration": {"seed": "4"}}
    assert speak(channel, **extra) == encode_pcm16(sound_of(Utterance("hello", "ben", 4)))
    assert speak(channel, encoding=wire.OGGOPUS)[:4] == b"OggS"
    assert len(speak(channel, sample_rate_hz=8000)) == pytest.approx(len(speak(channel)) / 2, abs=4)


def test_wrong_speech_is_refused(channel: grpc.Channel) -> None:
    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert code(lambda: speak(channel, voice_name="zoe")) is invalid
    assert code(lambda: speak(channel, voice_name="nothing.anna")) is grpc.StatusCode.NOT_FOUND
    assert code(lambda: speak(channel, encoding=wire.ALAW)) is invalid
    assert code(lambda: speak(channel, sample_rate_hz=1)) is invalid
    assert code(lambda: speak(channel, language_code="de-DE")) is invalid
    assert code(lambda: speak(channel, custom_configuration={"seed": "-1"})) is invalid
    empty = wire.SynthesizeRequest(text=" ")
    assert code(lambda: call(channel, f"{TTS}/Synthesize", empty, wire.SynthesizeResponse)) is invalid


def test_a_client_that_leaves_frees_its_slot(channel: grpc.Channel, live: Live) -> None:
    live.hold()
    calls = stream(channel, head(True, **PCM), sound(bytes(16_000)))
    next(calls)
    eventually(lambda: live.hearer.active == 1)
    calls.cancel()
    eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))
    live.release()


def test_a_silent_client_has_its_last_words() -> None:
    with serving(Limits(idle_seconds=2.0)) as live, opened(live) as channel:
        hang = threading.Event()

        def requests() -> Iterator[Any]:
            yield head(**PCM)
            yield sound(bytes(16_000))
            hang.wait(60)

        method = channel.stream_stream(
            f"/{ASR}/StreamingRecognize",
            request_serializer=wire.StreamingRecognizeRequest.SerializeToString,
            response_deserializer=wire.StreamingRecognizeResponse.FromString,
        )
        [answer] = list(method(requests(), timeout=60))
        hang.set()
        assert answer.results[0].is_final
        assert answer.results[0].alternatives[0].transcript == text_of(0.5)
        eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))


def test_a_client_that_does_not_read_is_cut() -> None:
    with serving(Limits(write_seconds=0.2, text_characters=100_000)) as live, opened(live) as channel:
        method = channel.stream_stream(
            f"/{TTS}/SynthesizeOnline",
            request_serializer=wire.SynthesizeRequest.SerializeToString,
            response_deserializer=wire.SynthesizeResponse.FromString,
        )
        answers = method(iter([wire.SynthesizeRequest(text="x" * 4000)]), timeout=60)
        next(answers)
        eventually(lambda: "slow_consumer_disconnects_total{" in counted(live))
        eventually(lambda: (live.speaker.active, live.service.in_flight) == (0, 0))
        answers.cancel()


def test_full_and_draining_have_their_codes() -> None:
    with serving(Limits(queue=0), slots=1) as live, opened(live) as channel:
        live.hold()
        held = stream(channel, head(True, **PCM), sound(bytes(16_000)))
        next(held)
        assert code(stream(channel, head(**PCM))) is grpc.StatusCode.RESOURCE_EXHAUSTED
        live.loop.call_soon_threadsafe(live.service.lifecycle.drain)
        eventually(lambda: not live.service.lifecycle.ready)
        assert code(lambda: speak(channel)) is grpc.StatusCode.UNAVAILABLE
        live.release()
        assert list(held)[-1].results[0].is_final


def test_keys_and_health() -> None:
    with serving(keys=("key",)) as live, opened(live) as channel:
        assert code(lambda: speak(channel)) is grpc.StatusCode.UNAUTHENTICATED
        assert code(stream(channel, head(**PCM))) is grpc.StatusCode.UNAUTHENTICATED
        request, path = wire.SynthesizeRequest(text="a"), f"{TTS}/Synthesize"
        known = call(channel, path, request, wire.SynthesizeResponse, metadata=[("authorization", "Bearer key")])
        assert known.audio
        check = f"{HEALTH}/Check"
        assert call(channel, check, wire.HealthCheckRequest(service=ASR), wire.HealthCheckResponse).status == 1
        unknown = wire.HealthCheckRequest(service="x")
        assert code(lambda: call(channel, check, unknown, wire.HealthCheckResponse)) is grpc.StatusCode.NOT_FOUND
        live.loop.call_soon_threadsafe(live.service.lifecycle.drain)
        eventually(lambda: not live.service.lifecycle.ready)
        assert call(channel, check, wire.HealthCheckRequest(), wire.HealthCheckResponse).status == 2

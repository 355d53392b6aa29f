"""The Wyoming protocol over sockets: the library's own client, and clients that send anything."""

import asyncio
import json
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop, SynthesizeVoice

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.ports import Utterance
from speechtrt.runtime.serving.sound.encoding import encode_pcm16
from speechtrt.runtime.serving.wyoming.server import wyoming_server
from tests.runtime.serving.fakes import RATE, sound_of, text_of
from tests.runtime.serving.live import Live, fake_service, serving
from tests.runtime.serving.realtime_client import eventually
from tests.runtime.serving.test_speech import counted

Script = Callable[[AsyncClient], Coroutine[Any, Any, Any]]


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(Limits(text_characters=100, turn_seconds=3.0)) as live:
        yield live


def talk(live: Live, script: Script) -> Any:
    async def run() -> Any:
        uri = f"tcp://127.0.0.1:{live.wyoming_port}"
        async with AsyncClient.from_uri(uri, connect_timeout=60, read_timeout=60) as client:
            return await script(client)

    return asyncio.run(run())


async def say(client: AsyncClient, seconds: float, rate: int = RATE) -> None:
    await client.write_event(AudioStart(rate, 2, 1).event())
    data = bytes(2 * round(seconds * rate))
    for start in range(0, len(data), 4097):
        await client.write_event(AudioChunk(rate, 2, 1, data[start : start + 4097]).event())


async def until(client: AsyncClient, kind: str) -> list[Event]:
    events: list[Event] = []
    while not events or events[-1].type != kind:
        event = await client.read_event()
        assert event is not None, [e.type for e in events]
        events.append(event)
    return events


def test_a_client_learns_what_there_is(live: Live) -> None:
    async def script(client: AsyncClient) -> Info:
        await client.write_event(Describe().event())
        return Info.from_event((await until(client, "info"))[-1])

    info = talk(live, script)
    assert [m.name for p in info.asr for m in p.models] == ["tiny-ctc"]
    assert [v.name for p in info.tts for v in p.voices] == ["tiny-voice.anna", "tiny-voice.ben"]
    assert info.asr[0].supports_transcript_streaming and info.tts[0].supports_synthesize_streaming


@pytest.mark.parametrize("rate", [16_000, 44_100])
def test_a_recording_is_heard_while_it_comes(live: Live, rate: int) -> None:
    async def script(client: AsyncClient) -> list[Event]:
        found = []
        for _ in range(2):
            await client.write_event(Transcribe(name="whisper-1", language="en").event())
            await say(client, 1.0, rate)
            await client.write_event(AudioStop().event())
            found += await until(client, "transcript-stop")
        return found

    events = talk(live, script)
    kinds = [e.type for e in events if e.type != "transcript-chunk"]
    assert kinds == ["transcript-start", "transcript", "transcript-stop"] * 2
    chunks = "".join(e.data["text"] for e in events if e.type == "transcript-chunk")
    assert chunks == text_of(1.0) * 2
    assert [Transcript.from_event(e).text for e in events if e.type == "transcript"] == [text_of(1.0)] * 2
    eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))


def heard(events: list[Event]) -> bytes:
    assert [e.type for e in events if e.type != "audio-chunk"][:2] == ["audio-start", "audio-stop"]
    return b"".join(e.payload or b"" for e in events)


def test_a_text_is_spoken(live: Live) -> None:
    async def script(client: AsyncClient) -> list[Event]:
        voice = SynthesizeVoice(name="tiny-voice.ben")
        await client.write_event(Synthesize("hello. you", voice=voice, context={"seed": 4}).event())
        return await until(client, "audio-stop")

    assert heard(talk(live, script)) == encode_pcm16(sound_of(Utterance("hello. you", "ben", 4)))


def test_a_text_that_comes_in_pieces_is_spoken_by_sentences(live: Live) -> None:
    async def script(client: AsyncClient) -> list[Event]:
        await client.write_event(SynthesizeStart(voice=SynthesizeVoice(name="anna")).event())
        for piece in ("One", " two. Th", "ree!  ", "four"):
            await client.write_event(SynthesizeChunk(piece).event())
        await client.write_event(Synthesize("One two. Three!  four").event())  # for servers that know no pieces
        await client.write_event(SynthesizeStop().event())
        return await until(client, "synthesize-stopped")

    spoken = [encode_pcm16(sound_of(Utterance(t, "anna", 0))) for t in ("One two.", "Three!", "four")]
    assert heard(talk(live, script)) == b"".join(spoken)


async def error(client: AsyncClient) -> dict[str, Any]:
    return (await until(client, "error"))[-1].data


BAD = {
    "chunk without a start": [AudioChunk(RATE, 2, 1, bytes(10)).event()],
    "stop without a start": [AudioStop().event()],
    "two starts": [AudioStart(RATE, 2, 1).event(), AudioStart(RATE, 2, 1).event()],
    "stereo": [AudioStart(RATE, 2, 2).event()],
    "a byte wide": [AudioStart(RATE, 1, 1).event()],
    "no rate": [Event("audio-start", {"width": 2, "channels": 1})],
    "rate 0": [AudioStart(RATE, 2, 1).event(), AudioChunk(0, 2, 1, bytes(10)).event()],
    "10^9 Hz": [AudioStart(RATE, 2, 1).event(), AudioChunk(10**9, 2, 1, bytes(10)).event()],
    "another rate": [AudioStart(RATE, 2, 1).event(), *[AudioChunk(r, 2, 1, bytes(10)).event() for r in (RATE, 8000)]],
    "too long": [AudioStart(8000, 2, 1).event(), AudioChunk(8000, 2, 1, bytes(4 * 16000)).event()],
    "path as model": [Transcribe(name="../x").event(), AudioStart(RATE, 2, 1).event()],
    "model is a number": [Event("transcribe", {"name": 5})],
    "no text": [Event("synthesize", {})],
    "empty text": [Synthesize(" ").event()],
    "long text": [Synthesize("x" * 101).event()],
    "long pieces": [SynthesizeStart().event(), *[SynthesizeChunk("x" * 60).event()] * 2],
    "piece without a start": [SynthesizeChunk("x").event()],
    "voice": [Synthesize("x", voice=SynthesizeVoice(name="zoe")).event()],
    "voice of another model": [Synthesize("x", voice=SynthesizeVoice(name="../x.anna")).event()],
    "voice is a list": [Event("synthesize", {"text": "x", "voice": {"name": []}})],
    "negative seed": [Synthesize("x", context={"seed": -1}).event()],
    "seed is a text": [Synthesize("x", context={"seed": "1"}).event()],
}


@pytest.mark.parametrize("events", BAD.values(), ids=BAD.keys())
def test_a_wrong_event_is_an_error_and_the_connection_goes_on(live: Live, events: list[Event]) -> None:
    async def script(client: AsyncClient) -> tuple[dict[str, Any], str | None]:
        for event in events:
            await client.write_event(event)
        told = await error(client)
        await client.write_event(Event("unheard-of", {}))
        await client.write_event(Ping("still here").event())
        return told, Pong.from_event((await until(client, "pong"))[-1]).text

    told, text = talk(live, script)
    assert told["text"] and told["code"]
    assert text == "still here"
    eventually(lambda: (live.hearer.active, live.speaker.active, live.service.in_flight) == (0, 0, 0))


def line(**head: Any) -> bytes:
    return json.dumps(head).encode() + b"\n"


OUT_OF_STEP = {
    "no JSON": b"GET / HTTP/1.1\r\n",
    "a list": b"[]\n",
    "deep": b"[" * 60_000 + b"\n",
    "invalid UTF-8": b"\xff\xfe\n",
    "no line feed": b"x" * 70_000,
    "negative length": line(type="ping", data_length=-1),
    "length is a text": line(type="ping", data_length="5"),
    "gigabytes of data": line(type="ping", data_length=2**40),
    "gigabytes of sound": line(type="audio-chunk", payload_length=2**40),
}
IN_STEP = {
    "no type": line(data={}),
    "type is a number": line(type=5),
    "data is a list": line(type="ping", data=[1]),
    "data is no JSON": line(type="ping", data_length=3) + b"{,}",
    "data is a number": line(type="ping", data_length=1) + b"5",
}


@pytest.mark.parametrize("data", OUT_OF_STEP.values(), ids=OUT_OF_STEP.keys())
def test_what_is_no_event_is_told_and_ends_the_connection(live: Live, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.wyoming_port), timeout=60) as raw:
        raw.sendall(data)
        answer = raw.makefile("rb").read()
    assert json.loads(answer.split(b"\n")[0])["type"] == "error"
    assert b"invalid_event" in answer


@pytest.mark.parametrize("data", IN_STEP.values(), ids=IN_STEP.keys())
def test_a_fault_inside_an_event_leaves_the_next_one_readable(live: Live, data: bytes) -> None:
    with socket.create_connection(("127.0.0.1", live.wyoming_port), timeout=60) as raw:
        raw.sendall(data + line(type="ping"))
        raw.shutdown(socket.SHUT_WR)
        answer = raw.makefile("rb").read()
    assert b'"error"' in answer and b'"pong"' in answer


def test_a_client_that_leaves_is_counted_and_frees_its_place(live: Live) -> None:
    async def script(client: AsyncClient) -> None:
        await say(client, 0.5)
        await until(client, "transcript-chunk")

    def outcomes(kind: str) -> float:
        values = {"model": "tiny-ctc", "version": "v1", "engine": "fake", "outcome": kind}
        return live.service.metrics.registry.get_sample_value("speechtrt_requests_total", values) or 0.0

    eventually(lambda: live.service.in_flight == 0)
    before = outcomes("cancelled")
    talk(live, script)
    eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))
    eventually(lambda: outcomes("cancelled") == before + 1)
    assert outcomes("error") == 0


def test_a_full_server_and_a_leaving_one_say_so() -> None:
    with serving(slots=1) as live:

        async def first(client: AsyncClient) -> Any:
            await say(client, 0.5)
            await until(client, "transcript-chunk")
            full = await asyncio.to_thread(talk, live, start)
            live.loop.call_soon_threadsafe(live.service.lifecycle.drain)
            draining = await asyncio.to_thread(talk, live, start)
            await client.write_event(AudioStop().event())
            return full, draining, (await until(client, "transcript"))[-1].data["text"]

        async def start(client: AsyncClient) -> str:
            await client.write_event(AudioStart(RATE, 2, 1).event())
            return str((await error(client))["code"])

        assert talk(live, first) == ("capacity", "draining", text_of(0.5))


@pytest.mark.parametrize("end", ["stop", "silence"])
def test_who_is_cut_has_the_last_words(end: str) -> None:
    with serving(Limits(idle_seconds=2.0 if end == "silence" else 30)) as live:

        async def script(client: AsyncClient) -> str:
            await say(client, 0.5)
            await until(client, "transcript-chunk")
            if end == "stop":
                live.loop.call_soon_threadsafe(live.service.lifecycle.stop)
            text = str((await until(client, "transcript"))[-1].data["text"])
            while await client.read_event() is not None:
                pass
            return text

        assert talk(live, script) == text_of(0.5)
        eventually(lambda: live.service.in_flight == 0)


def test_a_client_that_does_not_read_is_cut() -> None:
    with serving(Limits(write_seconds=0.2, text_characters=100_000)) as live, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", live.wyoming_port))
        data = json.dumps({"text": "x" * 4000}).encode()
        slow.sendall(line(type="synthesize", data_length=len(data)) + data)
        eventually(lambda: "slow_consumer_disconnects_total{" in counted(live))
        eventually(lambda: (live.speaker.active, live.service.in_flight) == (0, 0))


def test_keys_and_wyoming_exclude_each_other() -> None:
    async def start() -> None:
        async with wyoming_server(fake_service(Limits(), ("key",)), ("127.0.0.1", 0)):
            raise AssertionError

    with pytest.raises(ConfigError, match="cannot send API keys"):
        asyncio.run(start())


def test_a_port_that_is_taken_is_one_line() -> None:
    async def start(port: int) -> None:
        async with wyoming_server(fake_service(Limits()), ("127.0.0.1", port)):
            raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="another --wyoming-port"):
        asyncio.run(start(taken.getsockname()[1]))

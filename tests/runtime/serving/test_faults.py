"""Clients that do what clients do not do: the server answers in the protocol's own way, and nothing is left behind."""

import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from speechtrt.benchmarks.serving.departure import DEPARTURES, Leaver, Place, Talker
from speechtrt.runtime.serving.core.limits import Limits
from tests.runtime.serving.fakes import text_of
from tests.runtime.serving.live import Live, serving
from tests.runtime.serving.realtime_client import MANUAL, TRANSCRIPTION, Client, eventually, opened, tone
from tests.runtime.serving.test_speech import SPEECH
from tests.runtime.serving.test_transcriptions import wav_with

MEGABYTE = 1024 * 1024


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with serving(Limits(per_key=1000), slots=64) as live:
        yield live


@pytest.fixture
def client(live: Live) -> Iterator[Client]:
    with opened(live) as socket:
        found = Client(socket)
        found.expect("session.created")
        found.update(**MANUAL)
        yield found


def nothing_left(live: Live) -> bool:
    return (live.hearer.active, live.speaker.active, live.service.in_flight) == (0, 0, 0)


def commit(client: Client) -> str:
    client.send("input_audio_buffer.commit")
    return str(client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"])


def in_bytes(client: Client) -> None:
    sound = tone(0.1)
    for start in range(0, len(sound), 16):
        client.append(sound[start : start + 1])
        client.append(sound[start + 1 : start + 16])


def in_fragments(client: Client) -> None:
    message = json.dumps({"type": "input_audio_buffer.append", "audio": _base64(tone(0.1))})
    client.socket.send(message[start : start + 50] for start in range(0, len(message), 50))


def with_pings(client: Client) -> None:
    for _ in range(300):
        client.socket.ping()
    client.append(tone(0.1))


def with_a_flood(client: Client) -> None:
    """A minute of sound as fast as the socket takes it, then cleared."""
    for _ in range(60):
        client.append(tone(1.0))
    client.send("input_audio_buffer.clear")
    client.until("input_audio_buffer.cleared")
    client.append(tone(0.1))


@pytest.mark.parametrize("send", [in_bytes, in_fragments, with_pings, with_a_flood])
def test_odd_ways_to_send_are_understood(live: Live, client: Client, send: Callable[[Client], None]) -> None:
    send(client)
    assert commit(client) == text_of(0.1)


@pytest.mark.parametrize(
    ("message", "text", "code"),
    [
        (b'{"type": "\xff\xfe"}', True, 1007),
        (b'{"type": "' + b"x" * (16 * MEGABYTE) + b'"}', True, 1009),
        (b"x" * (16 * MEGABYTE + 1), False, 1009),
    ],
    ids=["invalid UTF-8", "a text that is too long", "bytes that are too long"],
)
def test_what_no_session_survives_has_its_code(live: Live, message: bytes, text: bool, code: int) -> None:
    with opened(live) as socket:
        Client(socket).expect("session.created")
        with pytest.raises(ConnectionClosed) as closed:
            socket.send(message, text=text)
            while True:
                socket.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == code
    eventually(lambda: nothing_left(live))


@pytest.mark.parametrize("state", DEPARTURES)
def test_who_vanishes_leaves_nothing_behind(live: Live, state: str) -> None:
    samples = (0.3 * np.sin(np.arange(16_000) * 0.1)).astype(np.float32)
    place = Place(live.port, live.grpc_port, samples, wav_with(data=bytes(32_000)))
    for reset in (True, False):
        DEPARTURES[state](place, reset)
    eventually(lambda: nothing_left(live))


def test_everybody_who_was_dropped_is_let_in_again(live: Live) -> None:
    place = Place(live.port, live.grpc_port, np.zeros(0, np.float32), b"")
    with ThreadPoolExecutor(8) as pool:

        def sessions() -> list[Leaver]:
            return [talker.leaver for talker in pool.map(Talker.in_session, [place] * 50)]

        for leaver in sessions():
            leaver.leave(reset=True)
        eventually(lambda: nothing_left(live))
        back = sessions()
        assert live.service.in_flight == 50
        for leaver in back:
            leaver.leave(reset=False)
    eventually(lambda: nothing_left(live))


@pytest.mark.parametrize(
    "text",
    [
        "a\0b",
        "\u202eabc\u202c",
        "e\u0301\u0323",
        "<speak>hi</speak>",
        "\U0001f600",
        "\ufeffx",
        "a" * 4096,
        "\u2028",
        "%s%n",
    ],
    ids=["NUL", "right to left", "combining", "SSML", "emoji", "byte order mark", "longest", "separator", "format"],
)
def test_odd_texts_are_spoken_or_refused(live: Live, text: str) -> None:
    with live.client() as client:
        response = client.post("/v1/audio/speech", json={**SPEECH, "input": text, "response_format": "wav"})
    assert response.status_code in (200, 400), response.text
    eventually(lambda: nothing_left(live))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()

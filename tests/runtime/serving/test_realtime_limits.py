"""How live sessions begin and end: slots, limits, draining, handshakes."""

import asyncio
import json
import socket
import time
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.realtime.direct import DirectWebSocket
from tests.runtime.serving.fakes import text_of
from tests.runtime.serving.live import serving
from tests.runtime.serving.realtime_client import MANUAL, TRANSCRIPTION, Client, eventually, opened, tone


def test_a_client_that_leaves_frees_its_slot() -> None:
    with serving() as live:
        live.hold()
        with opened(live) as socket:
            client = Client(socket)
            client.expect("session.created")
            client.update(**MANUAL)
            client.append(tone(0.3))
            client.send("input_audio_buffer.commit")
            client.until("conversation.item.done")
            client.append(tone(0.3))
            eventually(lambda: live.hearer.active == 2)
        eventually(lambda: (live.hearer.active, live.service.in_flight) == (0, 0))


def test_a_full_server_closes_with_1013() -> None:
    with serving(slots=1) as live, opened(live) as first:
        Client(first).expect("session.created")
        with opened(live) as second:
            assert Client(second).code() == 1013


def test_drain_refuses_new_sessions_and_lets_old_ones_finish() -> None:
    with serving() as live, opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        client.update(**MANUAL)
        live.loop.call_soon_threadsafe(live.service.lifecycle.drain)
        with opened(live) as late:
            assert Client(late).code() == 1012
        client.append(tone(0.3))
        client.until(f"{TRANSCRIPTION}.delta")
        live.loop.call_soon_threadsafe(live.service.lifecycle.stop)
        assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.3)
        assert client.code() == 1012


def test_an_idle_session_ends_with_its_words() -> None:
    with serving(Limits(idle_seconds=2.0)) as live, opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        client.update(**MANUAL)
        client.append(tone(0.2))
        assert client.until(f"{TRANSCRIPTION}.completed")[-1]["transcript"] == text_of(0.2)
        assert client.code() == 1000


def test_a_session_has_a_limit() -> None:
    with serving(Limits(session_seconds=0.3)) as live, opened(live) as socket:
        assert Client(socket).code() == 1000


def test_a_turn_has_a_limit() -> None:
    with serving(Limits(turn_seconds=1.0)) as live, opened(live) as socket:
        client = Client(socket)
        client.expect("session.created")
        client.append(tone(2.5))
        assert client.until(f"{TRANSCRIPTION}.completed")[-1]["usage"]["seconds"] == pytest.approx(1.0, abs=0.1)
        client.send("input_audio_buffer.clear")
        client.until("input_audio_buffer.cleared")
        client.update(**MANUAL)
        client.append(tone(1.5))
        client.append(tone(0.1))
        assert client.until("error")[-1]["error"]["code"] == "input_audio_buffer_full"


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("", {"Authorization": "Bearer wrong"}, 401),
        ("?model=../x", {"Authorization": "Bearer key"}, 404),
        ("?intent=conversation", {"Authorization": "Bearer key"}, 400),
        ("", {"Authorization": "Bearer key", "Origin": "https://evil.example"}, 403),
    ],
)
def test_wrong_handshakes_are_http_errors(query: str, headers: dict[str, str], status: int) -> None:
    with serving(keys=("key",)) as live, pytest.raises(InvalidStatus) as refused:
        opened(live, query, additional_headers=headers)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body or b"")["error"]["message"]


def test_browsers_send_their_key_as_a_protocol() -> None:
    with serving(keys=("key",)) as live:
        origin = f"http://127.0.0.1:{live.port}"
        names: Any = ["realtime", "openai-insecure-api-key.key"]
        with opened(live, "", subprotocols=names, origin=origin) as socket:
            Client(socket).expect("session.created")
            assert socket.subprotocol == "realtime"


class Narrow(DirectWebSocket):
    """A connection for which the system keeps little, so that it is soon full."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        super().connection_made(transport)


def test_a_client_that_does_not_read_is_cut() -> None:
    deadline = time.monotonic() + 60
    limits = Limits(write_seconds=0.2)
    with serving(limits, protocol=Narrow) as live, opened(live, max_queue=1, ping_interval=None) as slow:
        client = Client(slow)
        client.expect("session.created")
        while live.service.in_flight and time.monotonic() < deadline:
            with suppress(ConnectionClosed):
                slow.send('{"type": "' + "x" * 50 + '"}')
        assert live.service.in_flight == 0
        name = "speechtrt_slow_consumer_disconnects_total"
        values = {"model": "tiny-ctc", "version": "v1", "engine": "fake"}
        assert live.service.metrics.registry.get_sample_value(name, values) == 1
        assert client.code() == 1008

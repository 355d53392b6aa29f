"""A client of `/v1/realtime` that writes its messages by hand."""

import base64
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.runtime.serving.live import Live

TRANSCRIPTION = "conversation.item.input_audio_transcription"
MANUAL = {"turn_detection": None}


@dataclass(slots=True)
class Client:
    socket: ClientConnection

    def send(self, kind: str, **fields: object) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))

    def next(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.socket.recv(timeout=60))
        assert event["event_id"].startswith("event_")
        return event

    def expect(self, kind: str) -> dict[str, Any]:
        event = self.next()
        assert event["type"] == kind, event
        return event

    def until(self, kind: str) -> list[dict[str, Any]]:
        events = [self.next()]
        while events[-1]["type"] != kind:
            events.append(self.next())
        return events

    def update(self, **sound: object) -> dict[str, Any]:
        self.send("session.update", session={"type": "transcription", "audio": {"input": sound}})
        found: dict[str, Any] = self.expect("session.updated")["session"]["audio"]["input"]
        return found

    def append(self, data: bytes) -> None:
        self.send("input_audio_buffer.append", audio=base64.b64encode(data).decode())

    def error(self) -> dict[str, Any]:
        found: dict[str, Any] = self.expect("error")["error"]
        assert set(found) == {"type", "code", "message", "param", "event_id"}
        return found

    def code(self) -> int:
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                self.socket.recv(timeout=60)
        assert closed.value.rcvd is not None
        return closed.value.rcvd.code


def opened(live: Live, query: str = "?intent=transcription&model=tiny-ctc", **settings: Any) -> ClientConnection:
    url = f"ws://127.0.0.1:{live.port}/v1/realtime{query}"
    socket: ClientConnection = connect(url, proxy=None, **settings)
    return socket


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


def tone(seconds: float, rate: int = 24_000) -> bytes:
    return bytes((8000 * np.sin(np.arange(int(seconds * rate)) * 0.1)).astype("<i2").data)


def silence(seconds: float, rate: int = 24_000) -> bytes:
    return bytes(2 * int(seconds * rate))

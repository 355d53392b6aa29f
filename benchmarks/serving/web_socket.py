"""A live session's WebSocket as its client sees it, driven from one thread."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import State
from websockets.uri import parse_uri

from speechtrt.benchmarks.serving.wire import Wire, Wires

PATH = "/v1/realtime?intent=transcription"
# The client says where its turns end, at the model's own rate: nothing is resampled on the way.
SETTINGS = {"input": {"format": {"type": "audio/pcm", "rate": 16_000}, "turn_detection": None}}
UPDATE = json.dumps({"type": "session.update", "session": {"type": "transcription", "audio": SETTINGS}}).encode()
Event = dict[str, Any]


def frame(text: bytes) -> bytes:
    """A text message as it goes over the wire. It may be sent again and again, which saves its masking."""
    return Frame(Opcode.TEXT, text).serialize(mask=True)


@dataclass(frozen=True, slots=True)
class Handshake:
    """A client's first words. Before a load of many arrivals they are found while nobody waits for the cores."""

    protocol: ClientProtocol
    data: bytes

    @classmethod
    def to(cls, port: int) -> "Handshake":
        """With a server of this machine."""
        protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}{PATH}"))
        protocol.send_request(protocol.connect())
        return cls(protocol, b"".join(protocol.data_to_send()))


@dataclass(slots=True, eq=False)
class WebSocketClient:
    """Frames go out once the handshake is done; events come with the time at which their bytes came."""

    wires: Wires
    wire: Wire
    protocol: ClientProtocol
    opened: float
    closed: float | None = None  # when the server's last word came
    _waiting: list[bytes] = field(default_factory=list)

    @classmethod
    def open(cls, wires: Wires, handshake: Handshake) -> "WebSocketClient":
        """Begin a handshake."""
        opened, wire = time.perf_counter(), wires.connect()
        wire.send(handshake.data)
        return cls(wires, wire, handshake.protocol, opened)

    @property
    def code(self) -> int | None:
        """The close code, once the server has closed; 1006 when it has gone without one."""
        return self.protocol.close_code if self.protocol.state is State.CLOSED else None

    def send(self, data: bytes) -> None:
        """Send a frame, at once or when the handshake is done."""
        if self.protocol.state is State.OPEN:
            self.wire.send(data)
        elif self.protocol.state is State.CONNECTING:
            self._waiting.append(data)

    def events(self) -> Iterator[tuple[float, Event]]:
        """What has come since the last call. It also sends what is due."""
        while self.wire.arrived:
            at, data = self.wire.arrived.popleft()
            self.protocol.receive_data(data) if data else self.protocol.receive_eof()
            if self.closed is None and self.protocol.state is not State.OPEN and self.protocol.close_rcvd:
                self.closed = at
            for event in self.protocol.events_received():
                if isinstance(event, Response):
                    self._begin()
                elif isinstance(event, Frame) and event.opcode is Opcode.TEXT:
                    yield at, json.loads(bytes(event.data))
        self._flush()

    def close(self, abort: bool = False) -> None:
        """Leave, without a word."""
        self.wires.forget(self.wire, abort)

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        for data in waiting:
            self.send(data)

    def _flush(self) -> None:
        data = b"".join(self.protocol.data_to_send())
        if data or not self.wire.drained:
            self.wire.send(data)

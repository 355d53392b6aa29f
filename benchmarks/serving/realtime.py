"""Paced clients of `/v1/realtime`: one session for each, one turn for each recording."""

import base64
from dataclasses import dataclass, field
from math import inf

import numpy as np

from speechtrt.audio import Samples
from speechtrt.benchmarks.serving.process import ServerProcess
from speechtrt.benchmarks.serving.timetable import HEAD, Timetable, Timetables
from speechtrt.benchmarks.serving.web_socket import UPDATE, Event, Handshake, WebSocketClient, frame
from speechtrt.benchmarks.serving.wire import Wires
from speechtrt.benchmarks.stream.connection import News
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.serving.sound.encoding import encode_pcm16

APPEND, END = b'{"type":"input_audio_buffer.append","audio":"', b'"}'
COMMIT = b'{"type":"input_audio_buffer.commit"}'
UPDATE_FRAME, COMMIT_FRAME = frame(UPDATE), frame(COMMIT)


def append(samples: Samples) -> bytes:
    """The message that carries samples [n]."""
    return APPEND + base64.b64encode(encode_pcm16(samples)) + END


@dataclass(slots=True)
class Packets:
    """Frames of what is said again and again: a client must be cheap on cores that it shares with its server."""

    _frames: dict[tuple[int, int], tuple[Samples, bytes]] = field(default_factory=dict)

    def of(self, samples: Samples) -> bytes:
        """The frame of samples [n], known by where they lie; they are kept, so that nothing else can lie there."""
        key = (samples.ctypes.data, len(samples))
        found = self._frames.get(key)
        if found is None:
            found = self._frames[key] = (samples, frame(append(samples)))
        return found[1]


@dataclass(slots=True, eq=False)
class RealtimeConnection:
    """One turn of a session that `free` gets back when the turn is complete."""

    client: WebSocketClient
    tables: Timetables
    packets: Packets
    free: "list[WebSocketClient]"
    _head: list[Samples] = field(default_factory=list)
    _sent: int = 0
    _table: Timetable | None = None
    _known: int = 0
    _deltas: list[str] = field(default_factory=list)
    _chunks: list[tuple[float, float]] = field(default_factory=list)
    _dropped: float = 0.0
    _final: str | None = None

    @property
    def deltas(self) -> tuple[str, ...]:
        """What came, piece by piece."""
        return tuple(self._deltas)

    def accept(self, pcm: Samples) -> None:
        """Send samples."""
        if self._sent < HEAD:
            self._head.append(pcm)
        self._sent += len(pcm)
        self.client.send(self.packets.of(pcm))

    def end(self) -> None:
        """Commit the turn."""
        self.client.send(COMMIT_FRAME)

    def close(self) -> None:
        """Leave in the middle of it."""
        self.client.close()

    def poll(self) -> News:
        """What came since the last call. Raises BenchmarkError when the server does not play along."""
        for at, event in self.client.events():
            self._read(at, event)
        if self.client.code is not None:
            raise BenchmarkError(f"the server closed a session with code {self.client.code}; look at its log")
        news = News(tuple(self._chunks), bool(self._chunks), self._final, self._dropped)
        self._chunks.clear()
        self._dropped = 0.0
        return news

    def _read(self, at: float, event: Event) -> None:
        match event["type"].rpartition(".")[2]:
            case "delta":
                self._grow(event["delta"], at)
            case "completed":
                self._finish(event["transcript"], at)
            case "audio_dropped":
                self._dropped += event["duration_ms"] / 1000
            case "error" | "failed":
                raise BenchmarkError(f"a paced client got an error: {event['error']['message']}; expected words")

    def _grow(self, delta: str, at: float) -> None:
        before, self._known = self._known, self._known + len(delta)
        self._deltas.append(delta)
        if self._table is None:
            self._table = self.tables.of(np.concatenate(self._head))
        self._chunks += [(seconds, at) for seconds in self._table.between(before, self._known)]

    def _finish(self, transcript: str, at: float) -> None:
        self._final = transcript
        self._chunks.append((inf, at))  # when it came; no packet completed it
        self.free.append(self.client)


def session(client: WebSocketClient) -> WebSocketClient:
    """A session that is set up for turns which the client commits."""
    client.send(UPDATE_FRAME)
    return client


@dataclass(slots=True)
class RealtimeClients:
    """Sessions of one server, used turn by turn."""

    port: int
    tables: Timetables
    wires: Wires
    _packets: Packets = field(default_factory=Packets)
    _free: "list[WebSocketClient]" = field(default_factory=list)

    @classmethod
    def of(cls, process: ServerProcess, tables: Timetables) -> "RealtimeClients":
        """Clients of a running server."""
        return cls(process.http_port, tables, Wires(process.http_port))

    def connect(self) -> RealtimeConnection:
        """A turn in a session that has none, or in a new one."""
        client = self._free.pop() if self._free else session(WebSocketClient.open(self.wires, Handshake.to(self.port)))
        return RealtimeConnection(client, self.tables, self._packets, self._free)

    def close(self) -> None:
        """Leave every session."""
        self.wires.close()

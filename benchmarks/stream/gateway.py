"""The far end of the clients' socket: audio in, news out, in the main thread of the server's process."""

import pickle
import select
import socket
import time
from dataclasses import dataclass, field, replace

import numpy as np

from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.benchmarks.serving.wire import Wire
from speechtrt.benchmarks.stream.connection import Connection, News, Server, ServerState
from speechtrt.benchmarks.stream.frames import Frame, FrameReader, Verb
from speechtrt.benchmarks.stream.host import Side
from speechtrt.errors import BenchmarkError, CapacityError, SpeechTRTError
from speechtrt.runtime.interpreter import settle, take_short_turns


def serve(link: socket.socket, side: Side, chunk_milliseconds: int, streams: int) -> None:
    """Open a side and serve the clients at the other end of `link` until they hang up."""
    take_short_turns()  # every side, as in a server of our own
    link.setblocking(False)
    wire = Wire(link)
    try:
        with side(chunk_milliseconds, streams) as server:
            gateway = Gateway(server, wire)
            settle()
            gateway.tell(0, Verb.READY, pickle.dumps(server.lookahead_seconds))
            gateway.run()
    except SpeechTRTError as error:
        _say_last(wire, error)
    except Exception as error:
        _say_last(wire, BenchmarkError(f"the measured server failed with {error!r}; mend that first"))


def _say_last(wire: Wire, error: SpeechTRTError) -> None:
    wire.socket.setblocking(True)
    wire.send(bytes(Frame(0, Verb.FAILED, pickle.dumps(error))))


@dataclass(slots=True)
class Gateway:
    """Its own work is the server's: what comes in and goes out costs a real server no less."""

    server: Server
    wire: Wire
    _frames: FrameReader = field(default_factory=FrameReader)
    _connections: dict[int, Connection] = field(default_factory=dict)
    _cpu: float = 0.0

    def run(self) -> None:
        """Serve until the clients hang up."""
        while self._receive():
            while self.wire.arrived:
                for frame in self._frames.read(self.wire.arrived.popleft()[1]):
                    self._answer(frame)
        for connection in self._connections.values():
            connection.close()

    def tell(self, stream: int, verb: Verb, payload: bytes = b"") -> None:
        """Say something; what the socket does not take now goes with the next frame."""
        self.wire.send(bytes(Frame(stream, verb, payload)))

    def _receive(self) -> bool:
        select.select([self.wire.socket], [] if self.wire.drained else [self.wire.socket], [])
        self.wire.send(b"")
        return self.wire.receive()

    def _answer(self, frame: Frame) -> None:
        match frame.verb:
            case Verb.OPEN:
                self._open(frame.stream)
            case Verb.RESET:
                self.server.reset()
                self._cpu = time.process_time()
            case Verb.STATE:
                self.tell(0, Verb.STATE, pickle.dumps(self._state()))
            case _:
                if connection := self._connections.get(frame.stream):
                    self._pass_on(connection, frame)

    def _state(self) -> ServerState:
        cpu = time.process_time() - self._cpu
        return replace(self.server.state(), cpu_seconds=cpu, memory_bytes=peak_bytes())

    def _open(self, stream: int) -> None:
        try:
            self._connections[stream] = self.server.connect()
        except CapacityError:
            self.tell(stream, Verb.REFUSED)

    def _pass_on(self, connection: Connection, frame: Frame) -> None:
        """Tell what was heard, then hand over what is to be heard."""
        if frame.verb is Verb.CLOSE:
            self._connections.pop(frame.stream).close()
            return
        self._report(frame.stream, connection.poll())
        if frame.verb is Verb.AUDIO:
            connection.accept(np.frombuffer(frame.payload, np.float32))
        elif frame.verb is Verb.END:
            connection.end()

    def _report(self, stream: int, news: News) -> None:
        if news.chunks or news.text or news.dropped_seconds or news.final is not None:
            self.tell(stream, Verb.NEWS, pickle.dumps(news))
        if news.final is not None:
            del self._connections[stream]

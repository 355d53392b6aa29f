"""A side in a process of its own, so that its clients take neither its memory nor its interpreter's lock."""

import multiprocessing
import pickle
import select
import socket
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.context import SpawnProcess

from speechtrt.audio import Samples
from speechtrt.benchmarks.serving.wire import Wire
from speechtrt.benchmarks.stream.connection import News, ServerState
from speechtrt.benchmarks.stream.frames import Frame, FrameReader, Verb
from speechtrt.benchmarks.stream.gateway import serve
from speechtrt.benchmarks.stream.host import Side
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError, CapacityError

NOTHING = News((), text=False, final=None)
READY_SECONDS, ANSWER_SECONDS, STOP_SECONDS = 120.0, 30.0, 10.0


@dataclass(slots=True, eq=False)
class ApartConnection:
    """A stream over the socket. Its news have the server's times, so it does not matter when they are read."""

    server: "ApartServer"
    number: int
    news: deque[News | None] = field(default_factory=deque)  # None when the server refused the stream
    _ended: bool = False

    def accept(self, pcm: Samples) -> None:
        """Send samples."""
        self.server.say(self.number, Verb.AUDIO, pcm.tobytes())

    def end(self) -> None:
        """The recording is over."""
        self._ended = True
        self.server.say(self.number, Verb.END)

    def close(self) -> None:
        """Give the stream up."""
        self.server.say(self.number, Verb.CLOSE)

    def poll(self) -> News:
        """What has arrived. Raises CapacityError when the server refused the stream."""
        if self._ended:
            self.server.say(self.number, Verb.POLL)
        self.server.listen()
        found = self.news.popleft() if self.news else NOTHING
        if found is None:
            raise CapacityError("the server refused the stream; try again later")
        return found


@dataclass(slots=True)
class ApartServer(Closing):
    """The near end: what is said goes out at once, what came is sorted by stream."""

    lookahead_seconds: float
    _process: SpawnProcess
    _wire: Wire
    _frames: FrameReader = field(default_factory=FrameReader)
    _connections: dict[int, ApartConnection] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _answers: deque[Frame] = field(default_factory=deque)

    @classmethod
    def start(cls, side: Side, chunk_milliseconds: int, streams: int) -> "ApartServer":
        """Start a side and wait until it serves. Raises its SpeechTRTError, or BenchmarkError."""
        ours, theirs = socket.socketpair()
        process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(theirs, side, chunk_milliseconds, streams), name="server"
        )
        process.start()
        theirs.close()
        ours.setblocking(False)
        server = cls(0.0, process, Wire(ours))
        try:
            server.lookahead_seconds = pickle.loads(server._await(Verb.READY, READY_SECONDS).payload)
        except BaseException:
            server.close()
            raise
        return server

    def connect(self) -> ApartConnection:
        """A new stream; whether the server takes it shows at a poll."""
        number = next(self._numbers)
        self._connections[number] = ApartConnection(self, number)
        self.say(number, Verb.OPEN)
        return self._connections[number]

    def reset(self) -> None:
        """Forget all counters."""
        self.say(0, Verb.RESET)

    def state(self) -> ServerState:
        """The counters, with the process's CPU time and memory. Raises BenchmarkError."""
        self.say(0, Verb.STATE)
        state: ServerState = pickle.loads(self._await(Verb.STATE, ANSWER_SECONDS).payload)
        return state

    def say(self, stream: int, verb: Verb, payload: bytes = b"") -> None:
        """Send a frame."""
        self._wire.send(bytes(Frame(stream, verb, payload)))
        if verb is Verb.CLOSE:
            self._connections.pop(stream, None)

    def listen(self) -> None:
        """Send what is left and sort what has come. Raises BenchmarkError when the server has gone."""
        self._wire.send(b"")
        if not self._wire.receive():
            self._process.join(STOP_SECONDS)
            raise BenchmarkError(
                f"the server's process died with exit code {self._process.exitcode}; expected it to serve; "
                "check that memory suffices"
            )
        while self._wire.arrived:
            for frame in self._frames.read(self._wire.arrived.popleft()[1]):
                self._sort(frame)

    def close(self) -> None:
        """Hang up and end the process. It may be called twice."""
        self._wire.socket.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()

    def _sort(self, frame: Frame) -> None:
        match frame.verb:
            case Verb.NEWS | Verb.REFUSED:
                if connection := self._connections.get(frame.stream):
                    news = pickle.loads(frame.payload) if frame.payload else None
                    connection.news.append(news)
                    if news is None or news.final is not None:
                        del self._connections[frame.stream]
            case Verb.FAILED:
                raise pickle.loads(frame.payload)
            case _:
                self._answers.append(frame)

    def _await(self, verb: Verb, seconds: float) -> Frame:
        while not self._answers:
            unsent = [] if self._wire.drained else [self._wire.socket]
            if not any(select.select([self._wire.socket], unsent, [], seconds)):
                raise BenchmarkError(f"the server did not answer within {seconds:.0f} s; is the machine very busy?")
            self.listen()
        answer = self._answers.popleft()
        assert answer.verb is verb
        return answer


@dataclass(frozen=True, slots=True)
class ApartSide:
    """How to open a side in a process of its own; the clients stay in the one that calls."""

    side: Side

    def __call__(self, chunk_milliseconds: int, streams: int) -> ApartServer:
        """A running server. Raises what the side raises."""
        return ApartServer.start(self.side, chunk_milliseconds, streams)

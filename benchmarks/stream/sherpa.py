"""sherpa-onnx as a server to measure: the same weights, in NeMo's layout, through its own streaming recogniser."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from threading import Condition, Lock, Thread
from typing import Any

import numpy as np

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.connection import News, ServerState
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError
from speechtrt.precision import Precision
from speechtrt.runtime.clock import StageClock

HOP = 160
OVERLAP = 9  # mel frames of a window that belong to the next chunk too
SPARE = 1  # mel frames that must be there behind a window
# The first two encoder frames are dropped, and kaldi's mel frames lie half a hop beside NeMo's.
LEAD = 16 * HOP + HOP // 2
EDGE = 280  # samples behind the beginning of a mel frame until it is complete
INTAKE = 8  # streams whose audio a worker takes in before it looks for other work
NOTHING = News((), text=False, final=None)


@dataclass(frozen=True, slots=True)
class SherpaModel:
    """Files of one chunk size: the graph, the tokens, and how many mel frames and encoder frames a chunk has."""

    model: Path
    tokens: Path
    chunk_shift: int
    frames: int

    @property
    def seconds(self) -> float:
        """Length of a chunk."""
        return self.chunk_shift * HOP / RATE

    @property
    def lookahead_seconds(self) -> float:
        """How much audio a chunk needs beyond its own end; negative when it needs less."""
        return ((OVERLAP + SPARE - 1) * HOP + EDGE - LEAD) / RATE

    def padding(self, samples: int) -> int:
        """Zeros behind a recording, just enough for a window around its last encoder frame."""
        factor = self.chunk_shift // self.frames
        frames = (samples // HOP + 2 * (factor - 1)) // factor
        windows = -(-frames // self.frames)
        needed = (windows * self.chunk_shift + OVERLAP + SPARE) * HOP + HOP // 2
        return max(0, needed - LEAD - samples)


Models = dict[tuple[int, Precision], SherpaModel]  # by chunk milliseconds and precision


@dataclass(frozen=True, slots=True)
class SherpaSettings:
    """What its user may choose: weights, threads that decode, threads inside each step, and streams in a step."""

    precision: Precision
    workers: int
    threads: int
    batch: int


def expect_sherpa() -> None:
    """Raises BenchmarkError when sherpa-onnx is not installed."""
    if find_spec("sherpa_onnx") is None:
        raise BenchmarkError("sherpa-onnx is not installed, and --peer needs it: pip install 'speechtrt[bench]'")


def open_recogniser(model: SherpaModel, threads: int) -> Any:
    """sherpa-onnx's own streaming recogniser. Raises BenchmarkError when it is not installed."""
    expect_sherpa()
    import sherpa_onnx

    return sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=str(model.tokens), model=str(model.model), num_threads=threads
    )


def read_alone(model: SherpaModel, recordings: Sequence[Samples]) -> list[str]:
    """What it reads in each recording, one after the other. Raises BenchmarkError."""
    server, texts = SherpaServer.load(model, SherpaSettings(Precision.FP32, workers=1, threads=1, batch=1)), []
    with server.start():
        for samples in recordings:
            connection = server.connect()
            connection.accept(samples)
            connection.end()
            while not connection.over:
                time.sleep(0.001)
            texts.append(connection.text)
    return texts


@dataclass(slots=True, eq=False)
class SherpaConnection:
    """One of its streams."""

    server: "SherpaServer"
    stream: Any
    coming: bool = False  # audio waits for a worker
    queued: bool = False  # a chunk does
    ended: bool = False  # all audio is in
    over: bool = False
    text: str = ""
    _samples: int = 0
    _audio: deque[Samples | None] = field(default_factory=deque)  # None is the end
    _taking: Lock = field(default_factory=Lock)
    _chunks: deque[tuple[float, float]] = field(default_factory=deque)
    _heard: int = 0

    def accept(self, pcm: Samples) -> None:
        """Append samples."""
        self._samples += len(pcm)
        self._audio.append(pcm)
        self.server.come(self)

    def end(self) -> None:
        """The recording is over."""
        self._audio += (np.zeros(self.server.model.padding(self._samples), np.float32), None)
        self.server.come(self)

    def take_in(self) -> None:
        """Compute the features of what has come; it reads a memoryview faster than an array. In a worker's thread."""
        with self._taking:
            while self._audio:
                pcm = self._audio.popleft()
                if pcm is None:
                    self.stream.input_finished()
                    self.ended = True
                else:
                    self.stream.accept_waveform(RATE, pcm.data)

    def close(self) -> None:
        """It has no way to give a stream up; what is left of it is decoded."""

    def heard(self, text: str) -> None:
        """A chunk was decoded. In a worker's thread."""
        self._heard += 1
        self.text = " ".join(text.split())
        self._chunks.append((self._heard * self.server.model.seconds, time.perf_counter()))

    def poll(self) -> News:
        """Chunks since the last call."""
        over = self.over
        chunks = tuple(self._chunks.popleft() for _ in range(len(self._chunks)))
        if not (chunks or over):
            return NOTHING
        return News(chunks, bool(self.text), self.text if over else None)


@dataclass(slots=True)
class SherpaServer(Closing):
    """Workers take audio in and decode what is ready, the oldest first, up to a batch at once, as its own server does.

    The thread that talks to all clients could not compute their features, too, while workers keep both cores busy.
    """

    model: SherpaModel
    settings: SherpaSettings
    _recogniser: Any
    clock: StageClock = field(default_factory=StageClock)
    _coming: deque[SherpaConnection] = field(default_factory=deque)
    _waiting: deque[SherpaConnection] = field(default_factory=deque)
    _changed: Condition = field(default_factory=Condition)
    _stopping: bool = False
    _threads: tuple[Thread, ...] = ()

    @classmethod
    def load(cls, model: SherpaModel, settings: SherpaSettings) -> "SherpaServer":
        """Load the model. Raises BenchmarkError."""
        return cls(model, settings, open_recogniser(model, settings.threads))

    def start(self) -> "SherpaServer":
        """Start the workers."""
        self._threads = tuple(Thread(target=self._work, daemon=True) for _ in range(self.settings.workers))
        for thread in self._threads:
            thread.start()
        return self

    @property
    def lookahead_seconds(self) -> float:
        """What a window has beyond its chunk."""
        return self.model.lookahead_seconds

    def connect(self) -> SherpaConnection:
        """A new stream."""
        stream = self._recogniser.create_stream()
        stream.accept_waveform(RATE, [0.0] * LEAD)
        return SherpaConnection(self, stream)

    def come(self, connection: SherpaConnection) -> None:
        """Audio of a stream waits."""
        with self._changed:
            if not connection.coming:
                connection.coming = True
                self._coming.append(connection)
                self._changed.notify()

    def look(self, connection: SherpaConnection) -> None:
        """Let a stream wait for its turn if it is ready, or be over if it will not be again."""
        with self._changed:
            if connection.queued or connection.over:
                return
            ended = connection.ended  # before the question, as audio may come in after it
            if self._recogniser.is_ready(connection.stream):
                connection.queued = True
                self._waiting.append(connection)
                self._changed.notify()
            elif ended:
                connection.over = True

    def reset(self) -> None:
        """Forget the time so far."""
        self.clock.reset()

    def state(self) -> ServerState:
        """Batches and their time."""
        decoding = self.clock.time("decoding")
        times = {stage.stage: stage.seconds for stage in self.clock.times()}
        return ServerState(decoding.calls, decoding.rows, self.settings.batch, times, rung=0)

    def close(self) -> None:
        """Stop the workers."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while task := self._next():
            task()

    def _next(self) -> Callable[[], None] | None:
        """What to do, once there is something; None when the server closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._coming or self._waiting or self._stopping)
            if self._stopping:
                return None
            if self._coming:
                return partial(self._take_in, _first(self._coming, INTAKE))
            return partial(self._decode, _first(self._waiting, self.settings.batch))

    def _take_in(self, connections: Sequence[SherpaConnection]) -> None:
        with self.clock.measure("intake", len(connections)):
            for connection in connections:
                connection.coming = False  # whatever comes from now on comes for another turn
                connection.take_in()
                self.look(connection)

    def _decode(self, connections: Sequence[SherpaConnection]) -> None:
        with self.clock.measure("decoding", len(connections)):
            self._recogniser.decode_streams([connection.stream for connection in connections])
        for connection in connections:
            connection.heard(self._recogniser.get_result(connection.stream))
            connection.queued = False
            self.look(connection)


def _first(queue: deque[SherpaConnection], most: int) -> list[SherpaConnection]:
    return [queue.popleft() for _ in range(min(len(queue), most))]


@dataclass(frozen=True, slots=True)
class SherpaSide:
    """How to open it in a process of its own; each chunk size has its model and its best settings."""

    models: dict[int, SherpaModel]
    settings: dict[int, SherpaSettings]

    def __call__(self, chunk_milliseconds: int, streams: int) -> SherpaServer:
        """A server; it has no places that could be taken. Raises BenchmarkError."""
        return SherpaServer.load(self.models[chunk_milliseconds], self.settings[chunk_milliseconds]).start()

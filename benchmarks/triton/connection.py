"""Live streams through tritonclient: a sequence of gRPC requests each."""

import itertools
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from tritonclient import grpc

from speechtrt.audio import Samples
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.connection import News
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError

SILENCE = np.zeros(0, np.float32)


@dataclass(slots=True)
class TritonChannel(Closing):
    """One bidirectional stream of gRPC, for one sequence after the other: answers come in the order of requests."""

    client: Any
    answers: SimpleQueue[tuple[float, Any, Any]] = field(default_factory=SimpleQueue)

    @classmethod
    def open(cls, address: str) -> "TritonChannel":
        """Connect."""
        channel = cls(grpc.InferenceServerClient(address))
        channel.client.start_stream(lambda result, error: channel.answers.put((time.perf_counter(), result, error)))
        return channel

    def close(self) -> None:
        """Hang up."""
        self.client.close()


@dataclass(slots=True)
class TritonConnection:
    """A live stream. What an answer tells of is known from what was sent with its request."""

    model: str
    sequence: int
    channel: TritonChannel
    pool: deque[TritonChannel]
    chunk_seconds: float
    lookahead_seconds: float
    _sent: int = 0
    _begun: bool = False
    _awaited: deque[float] = field(default_factory=deque)  # seconds that were sent up to each request
    _heard: int = 0

    def accept(self, pcm: Samples) -> None:
        """Send samples as a request."""
        self._send(pcm, end=False)

    def end(self) -> None:
        """Send the request that ends the sequence."""
        self._send(SILENCE, end=True)

    def close(self) -> None:
        """Leave; Triton finds out by itself."""
        self.channel.close()

    def poll(self) -> News:
        """What the answers since the last call say. Raises BenchmarkError."""
        chunks: list[tuple[float, float]] = []
        text, final = False, None
        for at, result in self._answers():
            chunks += self._complete(at)
            text = text or result.as_numpy("EVENTS")[0, 0] != b"[]"
            if not self._awaited and self._sent < 0:
                final = result.as_numpy("TEXT")[0, 0].decode()
                self.pool.append(self.channel)
        return News(tuple(chunks), text, final)

    def _send(self, pcm: Samples, end: bool) -> None:
        sent = grpc.InferInput("AUDIO", [1, len(pcm)], "FP32")
        sent.set_data_from_numpy(pcm[np.newaxis])
        start, self._begun = not self._begun, True
        self._sent += len(pcm)
        self._awaited.append(self._sent / RATE)
        self.channel.client.async_stream_infer(
            self.model, [sent], sequence_id=self.sequence, sequence_start=start, sequence_end=end
        )
        if end:
            self._sent = -1

    def _answers(self) -> Iterator[tuple[float, Any]]:
        while True:
            try:
                at, result, error = self.channel.answers.get_nowait()
            except Empty:
                return
            if error:
                raise BenchmarkError(f"Triton refused a request: {error}; look at its log")
            yield at, result

    def _complete(self, at: float) -> Iterator[tuple[float, float]]:
        """The chunks that the request of this answer made whole."""
        seconds = self._awaited.popleft()
        while (heard := (self._heard + 1) * self.chunk_seconds) + self.lookahead_seconds <= seconds:
            self._heard += 1
            yield heard, at


@dataclass(slots=True)
class TritonClients(Closing):
    """Connections to one model, over channels that are kept."""

    address: str
    model: str
    chunk_seconds: float
    lookahead_seconds: float
    _idle: deque[TritonChannel] = field(default_factory=deque)
    _sequences: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def connect(self) -> TritonConnection:
        """A new stream."""
        channel = self._idle.popleft() if self._idle else TritonChannel.open(self.address)
        return TritonConnection(
            self.model, next(self._sequences), channel, self._idle, self.chunk_seconds, self.lookahead_seconds
        )

    def close(self) -> None:
        """Hang up."""
        for channel in self._idle:
            channel.close()

"""Paced clients of Riva's streaming recognition, in an event loop of their own thread."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from math import inf

import grpc

from speechtrt.audio import Samples
from speechtrt.benchmarks.serving.process import ServerProcess
from speechtrt.benchmarks.serving.timetable import Timetables
from speechtrt.benchmarks.stream.client import RATE
from speechtrt.benchmarks.stream.connection import News
from speechtrt.closing import Closing
from speechtrt.errors import BenchmarkError
from speechtrt.runtime.serving.riva.server import ASR
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire
from speechtrt.runtime.serving.sound.encoding import encode_pcm16

METHOD = f"/{ASR}/StreamingRecognize"
CONFIG = wire.StreamingRecognizeRequest(
    streaming_config=wire.StreamingRecognitionConfig(
        config=wire.RecognitionConfig(encoding=wire.LINEAR_PCM, sample_rate_hertz=RATE), interim_results=True
    )
)
Request = wire.StreamingRecognizeRequest


@dataclass(slots=True, eq=False)
class RivaConnection:
    """One call. Answers arrive in the loop's thread and are read in the clients'."""

    loop: asyncio.AbstractEventLoop
    _requests: "asyncio.Queue[Request | None]"
    _arrived: deque[tuple[float, wire.StreamingResult]] = field(default_factory=deque)
    _said: list[str] = field(default_factory=list)
    _task: "asyncio.Task[None] | None" = None
    _over: float | None = None
    _error: str | None = None

    def start(self, call: grpc.aio.StreamStreamMultiCallable) -> None:
        """Call. In the loop's thread."""
        self._task = self.loop.create_task(self._listen(call))

    def accept(self, pcm: Samples) -> None:
        """Send samples."""
        request = Request(audio_content=encode_pcm16(pcm))
        self.loop.call_soon_threadsafe(self._requests.put_nowait, request)

    def end(self) -> None:
        """There are no more."""
        self.loop.call_soon_threadsafe(self._requests.put_nowait, None)

    def close(self) -> None:
        """Give up the call."""
        if self._task is not None:
            self.loop.call_soon_threadsafe(self._task.cancel)

    def poll(self) -> News:
        """What came since the last call. Raises BenchmarkError when the call failed."""
        chunks: list[tuple[float, float]] = []
        over = self._over
        while self._arrived:
            at, result = self._arrived.popleft()
            if result.is_final:
                self._said.append(result.alternatives[0].transcript)
            else:
                chunks.append((round(result.audio_processed, 3), at))
        if self._error is not None:
            raise BenchmarkError(f"a paced call failed: {self._error}; expected words")
        if over is None:
            return News(tuple(chunks), bool(chunks), None)
        return News((*chunks, (inf, over)), True, " ".join(self._said))

    async def _listen(self, call: grpc.aio.StreamStreamMultiCallable) -> None:
        try:
            async for response in call(self._spoken()):
                now = time.perf_counter()
                self._arrived.extend((now, result) for result in response.results)
        except grpc.aio.AioRpcError as error:
            self._error = f"{error.code().name}, {error.details()}"
        self._over = time.perf_counter()

    async def _spoken(self) -> AsyncIterator[Request]:
        yield CONFIG
        while (request := await self._requests.get()) is not None:
            yield request


class RivaClients(Closing):
    """Calls over one channel."""

    def __init__(self, port: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="riva")
        self._thread.start()
        self._channel, self._call = asyncio.run_coroutine_threadsafe(_channel(port), self._loop).result()

    @classmethod
    def of(cls, process: ServerProcess, tables: Timetables) -> "RivaClients":
        """Clients of a running server; its answers tell themselves how much was heard."""
        return cls(process.grpc_port)

    def connect(self) -> RivaConnection:
        """A new call."""
        connection = RivaConnection(self._loop, asyncio.Queue())
        self._loop.call_soon_threadsafe(connection.start, self._call)
        return connection

    def close(self) -> None:
        """Hang up. It may be closed twice."""
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._channel.close(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


async def _channel(port: int) -> tuple[grpc.aio.Channel, grpc.aio.StreamStreamMultiCallable]:
    channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", [("grpc.enable_http_proxy", 0)])
    call = channel.stream_stream(
        METHOD,
        request_serializer=Request.SerializeToString,
        response_deserializer=wire.StreamingRecognizeResponse.FromString,
    )
    return channel, call

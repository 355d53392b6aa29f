"""A speech that is heard while it is made, for asyncio."""

import asyncio
import weakref
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.job import Job
from speechtrt.runtime.tts.speech import Speech, SpeechChunk, SpeechRequest
from speechtrt.runtime.tts.worker import Worker

Prepare = Callable[[SpeechRequest], Job]

SHORT_TEXT = 1000  # characters; preparing more would hold up the event loop


class AsyncSpeechStream:
    """An asynchronous iterator of chunks. It begins when it is entered or first asked for a chunk.

    Leaving, closing or forgetting it gives up the rest and frees its slots, as does cancelling its task.
    """

    def __init__(self, worker: Worker, prepare: Prepare, request: SpeechRequest) -> None:
        self._worker = worker
        self._prepare = prepare
        self._request = request
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._end: Completion | Failure | None = None
        self._cancel: Callable[[], object] | None = None

    async def result(self) -> Speech:
        """The whole speech, when it is finished. Raises what `__anext__` raises."""
        async for _ in self:
            pass
        assert isinstance(self._end, Completion)
        return self._end.speech

    def close(self) -> None:
        """Give up what has not been heard; a finished stream stays as it is. It may be closed twice."""
        if self._cancel is not None:
            self._cancel()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SpeechChunk:
        """The next chunk. Raises DeadlineError, CancelledError or BackendError; at first TextError, CapacityError."""
        await self._begin()
        if self._end is None:
            event = await self._events.get()
            if isinstance(event, Heard):
                return event.chunk
            self._end = event
        if isinstance(self._end, Failure):
            raise self._end.error
        raise StopAsyncIteration

    async def __aenter__(self) -> Self:
        """Queue the request. Raises TextError or CapacityError."""
        await self._begin()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    async def _begin(self) -> None:
        if self._cancel is not None:
            return
        short = len(self._request.text) <= SHORT_TEXT
        job = self._prepare(self._request) if short else await asyncio.to_thread(self._prepare, self._request)
        self._worker.submit(job, _Outlet(asyncio.get_running_loop(), self._events))
        cancel = weakref.finalize(self, self._worker.cancel, job.index)
        cancel.atexit = False
        self._cancel = cancel


class _Outlet:
    """Carries events from the worker's thread into the loop; it does not know the stream, which may be forgotten."""

    def __init__(self, loop: asyncio.AbstractEventLoop, events: "asyncio.Queue[Event]") -> None:
        self._loop = loop
        self._events = events

    def __call__(self, event: Event) -> None:
        with suppress(RuntimeError):  # the loop is closed, so nobody listens
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

"""A live stream in an event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from speechtrt.runtime.asr.events import Event
from speechtrt.runtime.asr.intake import Pcm
from speechtrt.runtime.asr.stream import Stream, pieces


@dataclass(frozen=True, slots=True)
class AsyncStream:
    """As `Stream`, with methods that let the event loop go on instead of waiting. No thread belongs to it."""

    stream: Stream
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def over(cls, stream: Stream) -> "AsyncStream":
        """A stream for the running event loop, which nobody else reads."""
        found, loop = cls(stream), asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop is closed: nobody is left to be woken
                loop.call_soon_threadsafe(found._news.set)

        stream.channel.outbox.notify = wake
        return found

    async def accept(self, pcm: Pcm, rate: int) -> None:
        """Append audio, once there is room for it. Raises AudioError."""
        for piece in pieces(pcm, rate):
            while self.stream.full and self.stream.channel.open:
                self._news.clear()
                if self.stream.full:
                    await self._news.wait()
            self.stream.accept(piece, rate)

    def end(self) -> None:
        """The audio ends here; the rest of the events follow. Raises AudioError when it has ended before."""
        self.stream.end()

    def close(self) -> None:
        """Give up the stream. It may be closed twice."""
        self.stream.close()

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Every event until the stream is over. Raises the error that ended the stream."""
        while True:
            self._news.clear()
            over = self.stream.over
            for event in (events := self.stream.poll()):
                yield event
            if over and not events:
                return
            if not events:
                await self._news.wait()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""Messages on their way to a client."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

import msgspec

from speechtrt.runtime.serving.realtime.messages import Message

MOST_UNSENT = 1024 * 1024  # characters


@dataclass(slots=True)
class Outbox:
    """A queue that is bounded by its size in characters; too many unread ones overflow it for good."""

    overflowed: bool = False
    _messages: deque[str] = field(default_factory=deque)
    _unsent: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, news: Message) -> None:
        """Append a message, unless the client has stopped reading."""
        text = msgspec.json.encode(news).decode()
        self._unsent += len(text)
        self.overflowed = self.overflowed or self._unsent > MOST_UNSENT
        if not self.overflowed:
            self._messages.append(text)
        self._news.set()
        self._empty.clear()

    async def get(self) -> str:
        """The oldest message. Raises TimeoutError once too many were unread."""
        while not (self._messages or self.overflowed):
            self._news.clear()
            await self._news.wait()
        if self.overflowed:
            raise TimeoutError
        return self._messages.popleft()

    def sent(self, text: str) -> None:
        """A message has reached the socket."""
        self._unsent -= len(text)
        if not self._unsent:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until every message has reached the socket."""
        if self._unsent:
            await self._empty.wait()

"""Messages on their way to a client."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from speechtrt.runtime.serving.realtime.messages import Message

MOST_UNSENT = 1024 * 1024  # bytes


def _refuse(_: bytes) -> bool:
    """There is no short way."""
    return False


@dataclass(slots=True)
class Outbox:
    """A queue that is bounded by its size in bytes; too many unread ones overflow it for good.

    `send_now` sends a message unless somebody would have to wait for it, and says whether it did.
    """

    send_now: Callable[[bytes], bool] = _refuse
    overflowed: bool = False
    _messages: deque[bytes] = field(default_factory=deque)
    _unsent: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _empty: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, news: Message) -> None:
        """Send a message, or append it to those that wait, unless the client has stopped reading."""
        text = msgspec.json.encode(news)
        if not self._unsent and self.send_now(text):
            return
        self._unsent += len(text)
        self.overflowed = self.overflowed or self._unsent > MOST_UNSENT
        if not self.overflowed:
            self._messages.append(text)
        self._news.set()
        self._empty.clear()

    async def get(self) -> bytes:
        """The oldest message. Raises TimeoutError once too many were unread."""
        while not (self._messages or self.overflowed):
            self._news.clear()
            await self._news.wait()
        if self.overflowed:
            raise TimeoutError
        return self._messages.popleft()

    def sent(self, text: bytes) -> None:
        """A message has reached the socket."""
        self._unsent -= len(text)
        if not self._unsent:
            self._empty.set()

    async def emptied(self) -> None:
        """Wait until every message has reached the socket."""
        if self._unsent:
            await self._empty.wait()

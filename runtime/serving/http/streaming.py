"""A response that is sent while it is made: closed when the client leaves, cut when it does not read."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field

from starlette.types import Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Chunks:
    """An ASGI response that begins with the first chunk of `body`: an error before it is still a proper response.

    A client that has not read what was sent after `write_seconds` is cut, and `on_slow` is called.
    """

    body: AsyncGenerator[bytes, None]
    media_type: str
    write_seconds: float
    on_slow: Callable[[], None]
    headers: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the body ends or the client leaves, whichever is first."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not sending.done():
                sending.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        error = None if sending.cancelled() else sending.exception()
        if error and not isinstance(error, TimeoutError):  # who does not read is cut and counted, which is no fault
            raise error

    async def _send(self, send: Send) -> None:
        headers = {"content-type": self.media_type, "cache-control": "no-store", **self.headers}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
        async with aclosing(self.body) as body:
            first = await anext(body, b"")
            await self._write(send, {"type": "http.response.start", "status": 200, "headers": raw})
            await self._write(send, {"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in body:
                await self._write(send, {"type": "http.response.body", "body": chunk, "more_body": True})
            await self._write(send, {"type": "http.response.body", "body": b"", "more_body": False})

    async def _write(self, send: Send, message: Message) -> None:
        try:
            async with asyncio.timeout(self.write_seconds):
                await send(message)
        except TimeoutError:
            self.on_slow()
            raise


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""A line of log per request, with an id that the client gets as well. What was said is never in it."""

import logging
import time
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from speechtrt.runtime.serving.core.incoming import HEADER, Incoming, serving

LOG = logging.getLogger("speechtrt.requests")


@dataclass(frozen=True, slots=True)
class RequestLog:
    """ASGI middleware. A client's own id is kept if it is harmless."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then log how it ended."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        incoming = Incoming.of({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]})
        start, status = time.monotonic(), 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                message = {**message, "headers": [*message.get("headers", ()), (HEADER.encode(), incoming.id.encode())]}
            await send(message)

        with serving(incoming):
            try:
                await self.app(scope, receive, tell)
            finally:
                _log(scope, status, time.monotonic() - start)


def _log(scope: Scope, status: int, seconds: float) -> None:
    fields = {
        "method": scope.get("method", "WEBSOCKET"),
        "path": scope["path"],
        "status": status,
        "seconds": round(seconds, 4),
    }
    LOG.info("request", extra={"fields": fields})

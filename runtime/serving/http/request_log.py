"""A line of log per request, with an id that the client gets as well. What was said is never in it."""

import logging
import re
import time
import uuid
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOG = logging.getLogger("speechtrt.requests")
HEADER = b"x-request-id"
ACCEPTED = re.compile(rb"[\w.:-]{1,64}")


@dataclass(frozen=True, slots=True)
class RequestLog:
    """ASGI middleware. A client's own id is kept if it is harmless."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, then log how it ended."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        identifier = _identifier(scope)
        start, status = time.monotonic(), 0

        async def tell(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                message = {**message, "headers": [*message.get("headers", ()), (HEADER, identifier)]}
            await send(message)

        try:
            await self.app(scope, receive, tell)
        finally:
            _log(scope, identifier, status, time.monotonic() - start)


def _identifier(scope: Scope) -> bytes:
    found = next((value for name, value in scope["headers"] if name == HEADER), b"")
    return found if ACCEPTED.fullmatch(found) else uuid.uuid4().hex.encode()


def _log(scope: Scope, identifier: bytes, status: int, seconds: float) -> None:
    fields = {
        "request_id": identifier.decode(),
        "method": scope.get("method", "WEBSOCKET"),
        "path": scope["path"],
        "status": status,
        "seconds": round(seconds, 4),
    }
    LOG.info("request", extra={"fields": fields})

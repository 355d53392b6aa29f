"""What answers while models are still loading: alive, but not ready."""

from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from speechtrt.runtime.serving.core.lifecycle import Lifecycle, starting
from speechtrt.runtime.serving.http.failure import refused
from speechtrt.runtime.serving.http.status import HealthEndpoints
from speechtrt.runtime.serving.realtime.direct import TurnAway, nobody

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


@dataclass(slots=True)
class Front:
    """Answers for itself until there is an `app`, and then passes everything on to it.

    `turn_away` is asked before a WebSocket is opened.
    """

    lifecycle: Lifecycle
    app: ASGIApp | None = None
    turn_away: TurnAway = nobody
    _starting: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        health = HealthEndpoints(self.lifecycle)
        self._starting = Starlette(
            routes=[
                Route("/v2/health/live", health.live),
                Route("/v2/health/ready", health.ready),
                Route("/{path:path}", _unready, methods=METHODS),
            ]
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        await (self.app or self._starting)(scope, receive, send)


async def _unready(request: Request) -> Response:
    return refused(starting())

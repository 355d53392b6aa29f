"""gRPC's own health service."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc

from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire


@dataclass(frozen=True, slots=True)
class Health:
    """Whether new calls are welcome. `services` are the names that may be asked for."""

    lifecycle: Lifecycle
    services: tuple[str, ...]

    async def check(
        self, request: wire.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> wire.HealthCheckResponse:
        """Now."""
        if request.service not in ("", *self.services):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service {request.service[:80]!r}")
        return self._status()

    async def watch(
        self, request: wire.HealthCheckRequest, context: grpc.aio.ServicerContext
    ) -> AsyncIterator[wire.HealthCheckResponse]:
        """Now, and when it changes."""
        yield self._status()
        await self.lifecycle.drained()
        yield self._status()

    def _status(self) -> wire.HealthCheckResponse:
        kinds = wire.HealthCheckResponse
        return kinds(status=kinds.SERVING if self.lifecycle.ready else kinds.NOT_SERVING)

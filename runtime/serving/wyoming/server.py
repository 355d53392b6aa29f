"""The Wyoming server: a port of its own, beside the web's and gRPC's."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from wyoming.server import AsyncServer, HandlerFactory

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.wyoming.handler import Handler


class Listening(AsyncServer):
    """The library's server over a socket that is bound already."""

    def __init__(self, bound: socket.socket) -> None:
        super().__init__()
        self.bound = bound

    async def run(self, handler_factory: HandlerFactory) -> None:
        """Serve until cancelled."""
        async with await asyncio.start_server(partial(self._handler_callback, handler_factory), sock=self.bound) as it:
            await it.serve_forever()


@asynccontextmanager
async def wyoming_server(service: Service, address: tuple[str, int]) -> AsyncIterator[int]:
    """Serve at `address` (host, port; port 0 takes a free one) for the block; the port.

    Raises ConfigError, also when there are API keys, which clients of this protocol have no way to send.
    """
    if service.keyring.digests:
        raise ConfigError(
            "Wyoming clients cannot send API keys, and some are set; leave out --wyoming-port or the keys"
        )
    server = Listening(_bound(*address))
    serving = asyncio.create_task(server.run(partial(Handler, service, service.keyring.identify(None))))
    try:
        yield server.bound.getsockname()[1]
    finally:
        await server.stop()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {host}:{port} for Wyoming ({error.strerror}); choose another --wyoming-port"
        ) from error

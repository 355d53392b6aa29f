"""The HTTP servers: socket and TLS files are checked before anything else starts."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.http.front import Front
from speechtrt.runtime.serving.realtime.direct import DirectWebSocket
from speechtrt.runtime.serving.settings import Settings

BACKLOG = 2048
LARGEST_MESSAGE = 16 * 1024 * 1024  # 15 MiB of base64 and its envelope


class Draining(uvicorn.Server):
    """A uvicorn server that leaves signals to the process; a second one ends it at once."""

    def __init__(self, config: uvicorn.Config, lifecycle: Lifecycle) -> None:
        super().__init__(config)
        self.lifecycle = lifecycle

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain; the second time, stop."""
        if self.lifecycle.leaving:
            self.force_exit = self.should_exit = True
        self.lifecycle.drain()


class Deaf(uvicorn.Server):
    """A uvicorn server that hears no signals, because another one does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(frozen=True, slots=True)
class Listener:
    """An open port with what answers there; `serving` ends with its server."""

    front: Front
    host: str
    port: int
    serving: "asyncio.Task[None]"


@asynccontextmanager
async def listen(
    settings: Settings, lifecycle: Lifecycle, address: tuple[str, int] | None = None
) -> AsyncIterator[Listener]:
    """Serve for the block at the public address, or at another one. Raises ConfigError.

    The end of the block stops the life cycle, so that nothing keeps its connections open.
    """
    front = Front(lifecycle)
    config = _config(front, settings)
    server = Draining(config, lifecycle) if address is None else Deaf(config)
    _load(config)
    opened = _bound(*(address or (settings.host, settings.port)))
    serving = asyncio.create_task(server.serve(sockets=[opened]))
    host, port = opened.getsockname()[:2]
    try:
        yield Listener(front, host, port, serving)
    finally:
        lifecycle.stop()
        server.should_exit = True
        await serving


def operator_address(settings: Settings) -> tuple[str, int] | None:
    """Where operators are served, if not at the public address."""
    if settings.operator_port is None:
        return None
    return settings.operator_host or settings.host, settings.operator_port


def _bound(host: str, port: int) -> socket.socket:
    """A socket; port 0 takes a free one. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{host}:{port}"
        raise ConfigError(f"cannot listen at {where} ({error.strerror}); choose another --host or --port") from error


def _load(config: uvicorn.Config) -> None:
    """Read the TLS files. Raises ConfigError."""
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        files = f"{config.ssl_certfile} and {config.ssl_keyfile}"
        raise ConfigError(f"{files}: are no certificate with its key in PEM ({error}); check both") from error


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="h11",
        ws=DirectWebSocket,
        ws_max_size=LARGEST_MESSAGE,
        ws_per_message_deflate=False,  # base64 of sound does not shrink enough to be worth the time
        lifespan="off",
        proxy_headers=False,  # nobody asks where a client is
        log_config=None,
        access_log=False,
        server_header=False,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
        timeout_graceful_shutdown=1,
    )

"""The socket and the TLS files of the HTTP server, checked before anything else starts."""

import socket
import ssl

import uvicorn

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.settings import Settings

BACKLOG = 2048


def bound_socket(settings: Settings) -> socket.socket:
    """A socket at the address of the settings; port 0 takes a free one. Raises ConfigError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        raise ConfigError(f"cannot listen at {where} ({error.strerror}); choose another --host or --port") from error


def load(config: uvicorn.Config) -> None:
    """Read the TLS files. Raises ConfigError."""
    try:
        config.load()
    except (OSError, ssl.SSLError) as error:
        files = f"{config.ssl_certfile} and {config.ssl_keyfile}"
        raise ConfigError(f"{files}: are no certificate with its key in PEM ({error}); check both") from error

"""Where a router sends a request: servers that hold the same models."""

import re
from dataclasses import dataclass

from speechtrt.errors import DeployError

MODEL = re.compile(r"[A-Za-z0-9][\w.-]*")
ADDRESS = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)=(?P<host>[\w.-]+):(?P<http>\d{1,5}):(?P<grpc>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Server:
    """One address, e.g. for a fleet on one machine. `weight` is its share of new requests among its backend's."""

    name: str
    host: str
    http_port: int
    grpc_port: int
    weight: int = 100


@dataclass(frozen=True, slots=True)
class Discovery:
    """Up to `most` addresses behind a name of the cluster's DNS, one for each pod that is ready."""

    host: str
    http_port: int
    grpc_port: int
    most: int


@dataclass(frozen=True, slots=True)
class Backend:
    """Servers of one pool; each takes `places` requests before it refuses. Raises DeployError for a model's name that
    cannot be looked for in a request, and for two servers of one name.
    """

    name: str
    models: tuple[str, ...]
    places: int
    servers: tuple[Server, ...] | Discovery

    def __post_init__(self) -> None:
        if isinstance(self.servers, tuple):
            _expect_distinct([server.name for server in self.servers])
        for model in self.models:
            if not MODEL.fullmatch(model):
                raise DeployError(f"model {model!r} cannot be routed by its name; export it with letters, digits, .-_")


def _expect_distinct(names: list[str]) -> None:
    if double := {name for name in names if names.count(name) > 1}:
        raise DeployError(f"two servers are called {double.pop()!r}; give each a name of its own")


def parse_server(text: str) -> Server:
    """`NAME=HOST:PORT:GRPC`. Raises DeployError."""
    found = ADDRESS.fullmatch(text)
    if found is None:
        raise DeployError(f"{text!r} is no server; expected NAME=HOST:PORT:GRPC")
    return Server(found["name"], found["host"], int(found["http"]), int(found["grpc"]))

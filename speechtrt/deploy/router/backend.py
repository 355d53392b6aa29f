"""Where a router sends a request: servers that hold the same models."""

import re
from dataclasses import dataclass

from speechtrt.errors import DeployError

MODEL = re.compile(r"[A-Za-z0-9][\w.-]*")


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
    cannot be looked for in a request.
    """

    name: str
    models: tuple[str, ...]
    places: int
    servers: tuple[Server, ...] | Discovery

    def __post_init__(self) -> None:
        for model in self.models:
            if not MODEL.fullmatch(model):
                raise DeployError(f"model {model!r} cannot be routed by its name; export it with letters, digits, .-_")

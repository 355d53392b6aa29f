"""HAProxy's configuration: least connections within a pool, pools by the model that a request names."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from speechtrt.deploy.router.backend import Backend, Discovery

IDLE_SECONDS = 310  # the server ends silent sessions after 300
BUFFER = 32_768  # of a request's body, in which the model's name is looked for


@dataclass(frozen=True, slots=True)
class Router:
    """A router over backends in order of preference. `session` is the longest stream in seconds.

    `admin` is the path of the socket on which an operator changes weights and drains servers.
    """

    backends: tuple[Backend, ...]
    session: int
    http_port: int
    grpc_port: int
    metrics_port: int
    admin: str

    def config(self) -> bytes:
        """The whole file."""
        sections = (*self._general(), *self._frontends(), *self._backends(), *self._metrics())
        return ("\n\n".join("\n    ".join(section) for section in sections) + "\n").encode()

    def _general(self) -> Iterator[list[str]]:
        yield [
            "global",
            f"stats socket {self.admin} mode 600 level admin",
            f"hard-stop-after {self.session + 5}s",
            f"tune.bufsize {BUFFER}",
        ]
        yield [
            "defaults",
            "mode http",
            "option redispatch 1",
            "retries 3",
            "retry-on conn-failure empty-response 503",
            "timeout connect 2s",
            "timeout http-request 10s",
            f"timeout client {IDLE_SECONDS}s",
            f"timeout server {IDLE_SECONDS}s",
            f"timeout tunnel {self.session + 60}s",
            "timeout queue 1s",
        ]
        if any(isinstance(backend.servers, Discovery) for backend in self.backends):
            yield [
                "resolvers cluster",
                "parse-resolv-conf",
                "accepted_payload_size 8192",
                "hold valid 2s",
                "hold obsolete 2s",
            ]

    def _frontends(self) -> Iterator[list[str]]:
        for kind, port, proto in (("http", self.http_port, ""), ("grpc", self.grpc_port, " proto h2")):
            lines = [f"frontend {kind}", f"bind :{port}{proto}"]
            if len(self.backends) > 1:
                lines += self._routes(kind)
            yield [*lines, f"default_backend {kind}_{self.backends[-1].name}"]

    def _routes(self, kind: str) -> Iterator[str]:
        """A pool that has the model and room for it, in order of preference; the last one that has it, if none has."""
        if kind == "http":
            yield "option http-buffer-request"
        for backend in self.backends:
            name = f"{kind}_{backend.name}"
            yield f"http-request set-var(txn.{name}_places) nbsrv({name}),mul({backend.places})"
            yield f"acl {name}_has_room be_conn({name}),sub(txn.{name}_places) lt 0"
        for number, model in enumerate(self._models):
            yield from _named(f"model_{number}", model, body=kind == "http")
            *others, last = [b for b in self.backends if model in b.models]
            yield from (f"{_use(kind, other)} model_{number}" for other in others)
            yield f"use_backend {kind}_{last.name} if model_{number}"
        yield from (_use(kind, backend) for backend in self.backends[:-1])

    @property
    def _models(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(model for backend in self.backends for model in backend.models))

    def _backends(self) -> Iterator[list[str]]:
        for backend in self.backends:
            for kind in ("http", "grpc"):
                yield [
                    f"backend {kind}_{backend.name}",
                    "balance leastconn",
                    "option httpchk GET /v2/health/ready",
                    "http-check expect status 200",
                    "http-response set-header x-speechtrt-server %s",
                    "default-server check inter 1s fall 2 rise 1" + (" proto h2 check-proto h1" * (kind == "grpc")),
                    *_servers(backend, kind),
                ]

    def _metrics(self) -> Iterator[list[str]]:
        yield [
            "frontend metrics",
            f"bind :{self.metrics_port}",
            "http-request use-service prometheus-exporter if { path /metrics }",
            "http-request return status 200 if { path /health }",
            "http-request deny status 404",
        ]


def _named(name: str, model: str, body: bool) -> Iterator[str]:
    """Where a request can name its model: the query of a WebSocket, a header or gRPC metadata, JSON or a form."""
    yield f"acl {name} urlp(model) -m str {model}"
    yield f"acl {name} req.hdr(x-speechtrt-model) -m str {model}"
    if body:
        yield rf"""acl {name} req.body -m reg 'model"[\s":]*{re.escape(model)}["\r\n]'"""


def _use(kind: str, backend: Backend) -> str:
    name = f"{kind}_{backend.name}"
    return f"use_backend {name} if {name}_has_room"


def _servers(backend: Backend, kind: str) -> Iterator[str]:
    found = backend.servers
    if isinstance(found, Discovery):
        port = found.http_port if kind == "http" else found.grpc_port
        yield (
            f"server-template {backend.name} {found.most} {found.host}:{port} port {found.http_port} "
            "resolvers cluster init-addr none"
        )
        return
    for server in found:
        port = server.http_port if kind == "http" else server.grpc_port
        yield f"server {server.name} {server.host}:{port} port {server.http_port} weight {server.weight}"

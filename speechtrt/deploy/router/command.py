"""`deploy router`."""

from pathlib import Path

import click

from speechtrt.console import note

PORT = click.IntRange(1, 65535)


@click.command()
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option(
    "--server",
    "servers",
    multiple=True,
    required=True,
    metavar="NAME=HOST:PORT:GRPC",
    help="A server with its ports for HTTP and gRPC, once for each.",
)
@click.option("--port", type=PORT, default=8000, show_default=True, help="Where clients call, HTTP and WebSocket.")
@click.option("--grpc-port", type=PORT, default=50050, show_default=True, help="Where clients call, gRPC.")
@click.option("--metrics-port", type=PORT, default=8404, show_default=True, help="The router's own figures.")
@click.option("--admin", default="/run/speechtrt-router.sock", show_default=True, help="Socket for operators.")
@click.option("--longest-stream", type=click.IntRange(1), default=3600, show_default=True, help="In seconds.")
def router(
    out: Path, servers: tuple[str, ...], port: int, grpc_port: int, metrics_port: int, admin: str, longest_stream: int
) -> None:
    """HAProxy's configuration for servers at fixed addresses that hold the same models."""
    from speechtrt.artifact import write_bytes
    from speechtrt.deploy.router.backend import Backend, parse_server
    from speechtrt.deploy.router.config import Router

    found = tuple(parse_server(text) for text in servers)
    config = Router((Backend("local", (), 0, found),), longest_stream, port, grpc_port, metrics_port, admin).config()
    write_bytes(out, config)
    note(f"wrote {out}; start `haproxy -f {out}`")

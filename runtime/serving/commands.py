"""`serve-stream`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from speechtrt.console import emit_json, note

if TYPE_CHECKING:
    import asyncio

    from speechtrt.runtime.serving.settings import Effective

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("serve-stream")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port for HTTP and WebSocket; 0 takes a free one.  [default: 8080]"
)
@click.option(
    "--wyoming-port", type=click.IntRange(0, 65535), help="Port for Wyoming, for Home Assistant.  [default: off]"
)
@click.option("--grpc-port", type=click.IntRange(0, 65535), help="Port for gRPC.  [default: 50051]")
@click.option(
    "--engines",
    type=FOLDER,
    multiple=True,
    help="Engine set to serve, once per model; the reference models if not given.",
)
@click.option("--api-key-file", type=FILE, help="One key per line; clients send one as bearer token.")
@click.option("--admin-key-file", type=FILE, help="Keys of operators, who may exchange engine sets under /admin.")
@click.option(
    "--operator-port",
    type=click.IntRange(0, 65535),
    help="Serve /metrics and /admin at a port of their own, and not at --port.",
)
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME=NAME",
    help="Another name of a model or voice, e.g. whisper-1=ctc-medium.",
)
@click.option("--config", "file", type=FILE, help="TOML file with any of the settings.")
@click.option(
    "--check-config", is_flag=True, help="Check settings and engine sets, show each value with its origin, and exit."
)
@click.option("--json", "as_json", is_flag=True, help="With --check-config: print one JSON document.")
def serve_stream(file: Path | None, check_config: bool, as_json: bool, aliases: tuple[str, ...], **flags: Any) -> None:
    """Serve speech both ways to clients of OpenAI's audio interface, of NVIDIA Riva, and of Wyoming.

    Settings come from flags, then environment (SPEECHTRT_PORT, ...), then --config, then defaults.
    """
    import os

    from speechtrt.runtime.serving.settings import read_settings

    named = dict(_alias(text) for text in aliases)

    def read() -> "Effective":
        return read_settings({**flags, "aliases": named or None}, file, os.environ)

    if check_config:
        _check(read(), as_json)
    else:
        _serve(read)


def _alias(text: str) -> tuple[str, str]:
    name, equals, target = text.partition("=")
    if not (name and equals and target):
        raise click.BadParameter(f"{text!r} is not NAME=NAME", param_hint="--alias")
    return name, target


def _serve(read: "Callable[[], Effective]") -> None:
    import asyncio

    from speechtrt.runtime.interpreter import take_short_turns
    from speechtrt.runtime.serving.core.lifecycle import Lifecycle
    from speechtrt.runtime.serving.log import configure_logging
    from speechtrt.runtime.serving.server import Process

    settings = read().settings
    configure_logging(settings.log)
    take_short_turns()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Process(settings, Lifecycle(), lambda: read().settings).run())


def _loop_factory() -> "Callable[[], asyncio.AbstractEventLoop] | None":
    """uvloop where it is installed: a message costs a third less, and a thread wakes it without a system call each."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _check(effective: "Effective", as_json: bool) -> None:
    import msgspec

    from speechtrt.runtime.backends.selection import open_backend
    from speechtrt.runtime.serving.models.opening import engine_folders
    from speechtrt.runtime.serving.settings import admin_keys, api_keys

    keys = len(api_keys(effective.settings))
    admin_keys(effective.settings)
    folders = engine_folders(effective.settings.engines)
    for folder in folders:
        folder.verify()
        open_backend(folder, 1)  # the device that it needs is here
    effective.settings.routing.expect_served([f.manifest.model.name for f in folders if f.manifest.model.ctc])
    models = [f.manifest.model.name for f in folders]
    values = msgspec.to_builtins(effective.settings, enc_hook=str)
    if as_json:
        emit_json({"schema": 1, "settings": values, "origins": effective.origins, "keys": keys, "models": models})
        return
    for name, value in values.items():
        click.echo(f"{name} = {value!r}  ({effective.origins[name]})")
    note(f"{len(models)} engine sets are whole: {', '.join(models)}; {keys} API keys")

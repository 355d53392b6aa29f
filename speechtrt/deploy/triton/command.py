"""`speechtrt deploy triton`."""

from pathlib import Path

import click

from speechtrt.console import emit_json, note
from speechtrt.deploy.triton.flavour import Device, Flavour

DEVICES = {"cpu": Device.CPU, "gpu": Device.GPU}
FLAVOURS = [flavour.value for flavour in Flavour]


@click.command()
@click.argument("engines", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="A new or empty folder.")
@click.option(
    "--flavour",
    type=click.Choice(FLAVOURS),
    default=Flavour.PYTHON.value,
    show_default=True,
    help="python: this runtime inside of Triton; the others: engines run by Triton's own backends.",
)
@click.option("--device", type=click.Choice(list(DEVICES)), help="Refuse engine sets that do not run there.")
@click.option("--streams", type=click.IntRange(1), default=64, show_default=True, help="Live streams per instance.")
@click.option("--batch", type=click.IntRange(1), default=16, show_default=True, help="Largest batch of streams.")
@click.option("--instances", type=click.IntRange(1), default=1, show_default=True, help="Processes that hear.")
@click.option("--chunk", type=int, help="Chunk in milliseconds; the largest of the model if not given.")
@click.option("--sentences", type=click.IntRange(1), default=16, show_default=True, help="Spoken at once.")
@click.option("--queue", type=click.IntRange(0), default=64, show_default=True, help="Texts that may wait.")
@click.option("--idle-seconds", type=click.IntRange(1), default=60, show_default=True, help="A silent stream's life.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def triton(
    engines: tuple[Path, ...],
    output: Path,
    flavour: str,
    device: str | None,
    streams: int,
    batch: int,
    instances: int,
    chunk: int | None,
    sentences: int,
    queue: int,
    idle_seconds: int,
    as_json: bool,
) -> None:
    """Write a Triton model repository from engine sets, with the configuration and the engines of every model."""
    from speechtrt.deploy.triton.repository import Repository
    from speechtrt.deploy.triton.settings import Settings

    settings = Settings(
        flavour=Flavour(flavour),
        streams=streams,
        batch=batch,
        instances=instances,
        sentences=sentences,
        queue=queue,
        chunk=chunk,
        idle_seconds=idle_seconds,
        device=DEVICES[device] if device else None,
    )
    repository = Repository.of(engines, settings)
    repository.write(output)
    names = [model.name for model in repository.models]
    if as_json:
        emit_json({"schema": 1, "repository": str(output), "flavour": flavour, "models": names})
        return
    note(f"{output}: {', '.join(names)}; serve them with tritonserver --model-repository={output}")

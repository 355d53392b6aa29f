"""`speechtrt export tts|ctc`."""

import re
from pathlib import Path

import click

from speechtrt.bundle import Task
from speechtrt.console import activity, emit_json, note
from speechtrt.export.exporter import ExportRequest, export_bundle, up_to_date

BUNDLES = Path("build/bundles")


def _voices(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    """Parse NAME=FILE.npy."""
    voices = {}
    for value in values:
        name, _, file = value.partition("=")
        if not re.fullmatch(r"[\w-]+", name) or not Path(file).is_file():
            raise click.BadParameter(f"{value!r} is not NAME=FILE.npy with an existing file", context, parameter)
        voices[name] = Path(file)
    return voices


@click.group()
def export() -> None:
    """PyTorch checkpoint -> ONNX bundle."""


@export.command()
@click.option("--model", required=True, help="Folder of a SpeechT5 checkpoint, or a hub id.")
@click.option("--vocoder", help="HiFi-GAN folder or hub id; by default vocoder/ in the checkpoint.")
@click.option("--voice", "voices", callback=_voices, multiple=True, help="A speaker embedding: NAME=FILE.npy.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the model's.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def tts(
    model: str,
    vocoder: str | None,
    voices: dict[str, Path],
    out: Path | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Export a text-to-speech model."""
    _run(ExportRequest(model, Task.TTS, name, vocoder, voices), out, as_json)


@export.command()
@click.option("--model", required=True, help="Folder of a streaming CTC checkpoint, or a hub id.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the model's.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def ctc(model: str, out: Path | None, name: str | None, as_json: bool) -> None:
    """Export a streaming speech-recognition model."""
    _run(ExportRequest(model, Task.CTC, name), out, as_json)


def _run(request: ExportRequest, out: Path | None, as_json: bool) -> None:
    """Export and say what came of it."""
    target = out or BUNDLES / request.bundle_name
    folder = up_to_date(request, target)
    if folder is not None:
        note(f"{target}: up to date")
    else:
        with activity(f"exporting {request.model} (a minute for a small model)"):
            folder = export_bundle(request, target)
        for row in folder.manifest.parity:
            note(f"  {row.stage:<10} {row.quantity:<50} {row.max_abs:.1e}")
        note(f"{target}: written")
    if as_json:
        emit_json(folder.manifest)

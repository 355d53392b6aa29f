"""`speechtrt export tts|ctc`."""

from collections.abc import Mapping
from pathlib import Path

import click

from speechtrt.bundle import Task
from speechtrt.console import activity, emit_json, note
from speechtrt.export.exporter import ExportRequest, export_bundle, up_to_date

BUNDLES = Path("build/bundles")


class VoiceFile(click.ParamType):
    """NAME=FILE.npy."""

    name = "name=file"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, Path]:
        """Split at the first equals sign."""
        name, _, file = value.partition("=")
        if not name.isidentifier() or not Path(file).is_file():
            self.fail(f"{value!r} is not NAME=FILE.npy with an existing file", param, ctx)
        return name, Path(file)


@click.group()
def export() -> None:
    """PyTorch checkpoint -> ONNX bundle."""


@export.command()
@click.option("--model", required=True, help="Folder of a SpeechT5 checkpoint, or a hub id.")
@click.option("--vocoder", help="HiFi-GAN folder or hub id; by default vocoder/ in the checkpoint.")
@click.option("--voice", "voices", type=VoiceFile(), multiple=True, help="A speaker embedding: NAME=FILE.npy.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the model's.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def tts(
    model: str,
    vocoder: str | None,
    voices: tuple[tuple[str, Path], ...],
    out: Path | None,
    name: str | None,
    as_json: bool,
) -> None:
    """Export a text-to-speech model."""
    _run(ExportRequest(model, Task.TTS, name, vocoder, _named(voices)), out, as_json)


@export.command()
@click.option("--model", required=True, help="Folder of a streaming CTC checkpoint, or a hub id.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the model's.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def ctc(model: str, out: Path | None, name: str | None, as_json: bool) -> None:
    """Export a streaming speech-recognition model."""
    _run(ExportRequest(model, Task.CTC, name), out, as_json)


def _named(voices: tuple[tuple[str, Path], ...]) -> Mapping[str, Path]:
    return dict(voices)


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

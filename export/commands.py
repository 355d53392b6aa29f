"""`speechtrt export tts|ctc`."""

import re
from pathlib import Path

import click

from speechtrt.bundle import ParityRow, Task
from speechtrt.console import activity, emit_json, note
from speechtrt.export.exporter import ExportRequest, export_bundle, up_to_date

BUNDLES = Path("build/bundles")
NEMO = Path("build/nemo")


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
@click.option("--model", required=True, help="Folder of a CTC checkpoint, or a hub id.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the model's.")
@click.option(
    "--layout",
    type=click.Choice(["bundle", "nemo"]),
    default="bundle",
    show_default=True,
    help="nemo: files for sherpa-onnx, by default in build/nemo/NAME.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def ctc(model: str, out: Path | None, name: str | None, layout: str, as_json: bool) -> None:
    """Export a speech-recognition model."""
    request = ExportRequest(model, Task.CTC, name)
    if layout == "nemo":
        _run_nemo(request, out or NEMO / request.bundle_name, as_json)
    else:
        _run(request, out, as_json)


def _run(request: ExportRequest, out: Path | None, as_json: bool) -> None:
    """Export and say what came of it."""
    target = out or BUNDLES / request.bundle_name
    folder = up_to_date(request, target)
    if folder is not None:
        note(f"{target}: up to date")
    else:
        with activity(f"exporting {request.model} (a minute for a small model)"):
            folder = export_bundle(request, target)
        _say(folder.manifest.parity)
        note(f"{target}: written")
    if as_json:
        emit_json(folder.manifest)


def _run_nemo(request: ExportRequest, out: Path, as_json: bool) -> None:
    """Export for sherpa-onnx and say how to run it there."""
    from speechtrt.export.nemo.layout import export_nemo_layout

    with activity(f"exporting {request.model} in NeMo's layout"):
        layout = export_nemo_layout(request.model, out)
    _say(layout.parity)
    for model in layout.models:
        note(f"{out / model.file}: runs in sherpa-onnx as a streaming NeMo CTC model with {out / layout.tokens}")
    if as_json:
        emit_json(layout)


def _say(parity: tuple[ParityRow, ...]) -> None:
    for row in parity:
        note(f"  {row.stage:<10} {row.quantity:<50} {row.max_abs:.1e}")

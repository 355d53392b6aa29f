"""`speechtrt import`: files that others exported."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note

BUNDLES = Path("build/bundles")
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group(name="import")
def import_group() -> None:
    """ONNX files of others -> bundle."""


@import_group.command(name="nemo-ctc")
@click.argument("file", type=FILE)
@click.option("--tokens", type=FILE, help="Texts of the labels; tokens.txt beside FILE if not given.")
@click.option("--out", type=click.Path(path_type=Path), help="Folder to write; default build/bundles/NAME.")
@click.option("--name", help="Name of the bundle; default: the file's.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest on stdout.")
def nemo_ctc(file: Path, tokens: Path | None, out: Path | None, name: str | None, as_json: bool) -> None:
    """A streaming CTC model of NeMo or sherpa-onnx, with its caches and metadata."""
    from speechtrt.export.nemo.importing import ImportRequest, import_nemo_ctc

    request = ImportRequest(file, tokens, name)
    target = out or BUNDLES / request.bundle_name
    with activity(f"importing {file}"):
        folder = import_nemo_ctc(request, target)
    note(f"{target}: bundle {folder.manifest.name} with {', '.join(stage.name for stage in folder.manifest.stages)}")
    if as_json:
        emit_json(folder.manifest)

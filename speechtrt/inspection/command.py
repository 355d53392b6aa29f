"""The command itself."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.artifact import write_bytes
from speechtrt.bundle import BUNDLE_FILE, BundleFolder
from speechtrt.console import emit_json, note
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import ManifestError
from speechtrt.inspection.bundle_sheets import bundle_sheets
from speechtrt.inspection.engine_sheets import engine_sheets
from speechtrt.inspection.sheet import Cell, Sheet, Tone

if TYPE_CHECKING:
    from rich.table import Table

WIDTH = 200  # of what is piped
Folder = BundleFolder | EngineFolder
COLOURS = {Tone.GOOD: "green", Tone.BAD: "red", Tone.PLAIN: "default"}


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--nodes", is_flag=True, help="Also list every node with its precision and the reason.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one HTML file instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the manifest as one JSON document.")
def inspect(path: Path, nodes: bool, html: Path | None, as_json: bool) -> None:
    """Show stages, shapes, precision, sizes, parity and gates of the bundle or engine set at PATH."""
    folder = open_artefact(path)
    folder.verify()
    if html is not None:
        write_bytes(html, page(folder).encode())
        note(f"wrote {html}")
    if as_json:
        emit_json(folder.manifest)
    elif html is None:
        _print(folder, nodes)


def open_artefact(path: Path) -> Folder:
    """The bundle or engine set at `path`. Raises ManifestError when it is neither."""
    if (path / ENGINE_FILE).is_file():
        return EngineFolder.open(path)
    if (path / BUNDLE_FILE).is_file():
        return BundleFolder.open(path)
    raise ManifestError(f"{path}: is neither a bundle ({BUNDLE_FILE}) nor an engine set ({ENGINE_FILE})")


def page(folder: Folder) -> str:
    """The HTML of an artefact."""
    from speechtrt.inspection.page import render_page

    engines = folder.manifest if isinstance(folder, EngineFolder) else None
    return render_page(headline(folder), str(folder.path), sheets_of(folder), engines)


def sheets_of(folder: Folder) -> tuple[Sheet, ...]:
    """Everything there is to say about an artefact."""
    return bundle_sheets(folder.manifest) if isinstance(folder, BundleFolder) else engine_sheets(folder.manifest)


def headline(folder: Folder) -> str:
    """One line that says what an artefact is."""
    if isinstance(folder, BundleFolder):
        bundle = folder.manifest
        return f"bundle {bundle.name}: {bundle.family} ({bundle.task}), from {bundle.source.id}"
    engines = folder.manifest
    said = f"engine set {engines.name}: {engines.backend} {engines.precision}, {engines.status}"
    return f"{said} ({engines.reason})" if engines.reason else said


def _print(folder: Folder, nodes: bool) -> None:
    from rich.console import Console

    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(headline(folder), highlight=False, markup=False)
    for sheet in sheets_of(folder):
        if nodes or not sheet.long:
            console.print()
            console.print(_table(sheet))


def _table(sheet: Sheet) -> "Table":
    from rich.table import Table

    table = Table(*sheet.heads, box=None, pad_edge=False, title_justify="left", title=sheet.title)
    for row in sheet.rows:
        table.add_row(*map(_text, row))
    return table


def _text(cell: str | Cell) -> str:
    from rich.markup import escape

    if isinstance(cell, Cell) and cell.tone is not Tone.PLAIN:
        return f"[{COLOURS[cell.tone]}]{escape(cell.text)}[/]"
    return escape(cell.text if isinstance(cell, Cell) else cell)

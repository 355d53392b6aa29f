"""What a benchmark says when it is done."""

from pathlib import Path
from typing import Any

import click

from speechtrt.console import emit_json, note


def show(document: Any, table: str, path: Path, as_json: bool) -> None:
    """The document or its table on stdout; on stderr where it was written, and why it may not be quoted."""
    note(f"wrote {path}")
    if as_json:
        emit_json(document)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    console.print(Markdown(table)) if console.is_terminal else click.echo(table)
    if document.valid is not True:
        note("not for quoting:\n  " + "\n  ".join(document.valid))

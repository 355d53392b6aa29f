"""Options that benchmarks share."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from speechtrt.runtime.reference import CTC

BUILD = Path("build")
OUT = BUILD / "results"


def common_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that every benchmark has."""
    options = (
        click.option(
            "--engines", type=click.Path(path_type=Path), help="Folder of engine sets, if not the model's own."
        ),
        click.option("--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="Results folder."),
        click.option("--threads", type=click.IntRange(1), default=2, show_default=True, help="Threads of every side."),
        click.option(
            "--trials", type=click.IntRange(1), default=3, show_default=True, help="Rounds; all sides in each."
        ),
        click.option("--quick", is_flag=True, help="A smoke test within a minute; not for quoting."),
        click.option("--json", "as_json", is_flag=True, help="Print the document on stdout."),
    )
    return _with(options, command)


def recogniser_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of the benchmarks that hear."""
    options = (
        click.option("--model", default=CTC, show_default=True, help="Reference model, or any name with --engines."),
        click.option(
            "--audio", type=click.Path(path_type=Path), help="Recordings with texts.jsonl, if not the shipped ones."
        ),
    )
    return _with(options, command)


def _with(options: Sequence[Callable[..., Any]], command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(options):
        command = option(command)
    return command

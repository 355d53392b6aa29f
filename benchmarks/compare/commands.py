"""`speechtrt compare`."""

import sys
from pathlib import Path

import click

from speechtrt.console import emit_json, note

RESULT = click.Path(path_type=Path)


@click.command()
@click.argument("first", type=RESULT)
@click.argument("second", type=RESULT)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="METRIC",
    help="Exit 1 when this metric is worse beyond chance: a name or pattern such as 'latency*'; repeat it, or 'any'.",
)
@click.option(
    "--tolerance",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Relative change for the worse that is put up with.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(first: Path, second: Path, fail_on: tuple[str, ...], tolerance: float, as_json: bool) -> None:
    """Is the result SECOND better or worse than FIRST, and is that more than chance?"""
    from speechtrt.benchmarks.compare.comparison import compare_results

    found = compare_results(first, second, tolerance)
    for doubt in found.doubts:
        note(f"note: {doubt}")
    if as_json:
        emit_json(found)
    else:
        click.echo(found.table)
        if found.acceptance:
            click.echo(f"\n{found.acceptance}")
    worse = found.worse(["*" if pattern == "any" else pattern for pattern in fail_on])
    for one in worse:
        note(f"WORSE {one.group}: {one.metric} {one.first:.4g} -> {one.second:.4g} ({one.change:+.1%})")
    sys.exit(1 if worse else 0)

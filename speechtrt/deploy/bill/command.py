"""`speechtrt deploy sbom`."""

from pathlib import Path

import click

from speechtrt.console import emit_json, note


@click.command()
@click.option("--extra", "extras", multiple=True, help="An extra that is installed, such as cpu or serve; repeat it.")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file; stdout if not given.")
def sbom(extras: tuple[str, ...], output: Path | None) -> None:
    """Write a bill of materials (CycloneDX 1.6, JSON) of this installation."""
    from speechtrt.deploy.bill.closure import closure
    from speechtrt.deploy.bill.cyclonedx import bill
    from speechtrt.documents import write_document

    parts = closure("speechtrt", extras)
    if output is None:
        emit_json(bill(parts))
        return
    write_document(output, bill(parts))
    note(f"{output}: speechtrt and {len(parts) - 1} packages")

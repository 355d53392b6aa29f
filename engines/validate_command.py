"""`speechtrt validate`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.artifact import write_bytes
from speechtrt.console import emit_json, note
from speechtrt.engines.gate.judges import NO_JUDGES, Judges

if TYPE_CHECKING:
    from speechtrt.engines.validate import ValidationReport

FOLDER = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("engines", type=FOLDER)
@click.option("--bundle", type=FOLDER, help="Also check that the set was built from this bundle.")
@click.option("--reference", type=FOLDER, help="Set of the reference precision [the one beside ENGINES].")
@click.option("--budget", type=FILE, help="TOML file with the largest ratios of time and size to the reference.")
@click.option("--against", type=FOLDER, help="Refuse what is significantly worse than this accepted set.")
@click.option("--speech/--no-speech", default=True, show_default=True, help="Compare speech quality where it can run.")
@click.option("--junit", type=FILE, help="Write the checks as JUnit XML.")
@click.option("--markdown", type=FILE, help="Write a summary.")
@click.option(
    "--step-summary", type=FILE, envvar="GITHUB_STEP_SUMMARY", show_envvar=True, help="Append the summary to this file."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_obj
def validate(
    judges: Judges | None,
    engines: Path,
    bundle: Path | None,
    reference: Path | None,
    budget: Path | None,
    against: Path | None,
    speech: bool,
    junit: Path | None,
    markdown: Path | None,
    step_summary: Path | None,
    as_json: bool,
) -> None:
    """Re-run the gates of an engine set; exit 1 on failure. A set that passes is trusted again if it was suspended."""
    from speechtrt.engines.budget import read_budget
    from speechtrt.engines.junit import junit_xml
    from speechtrt.engines.markdown import markdown_summary
    from speechtrt.engines.validate import Demands, validate_engine_set
    from speechtrt.suspension import lift_suspension

    handed = judges or NO_JUDGES
    demands = Demands(
        bundle=bundle,
        reference=reference,
        budget=None if budget is None else read_budget(budget),
        quality=handed.quality if speech else None,
        against=against,
        player=handed.player(),
    )
    report = validate_engine_set(engines, demands)
    if junit is not None:
        write_bytes(junit, junit_xml(f"{report.name}.{engines.name}", report.rows, report.seconds))
    if markdown is not None:
        write_bytes(markdown, markdown_summary(engines.name, report).encode())
    if step_summary is not None:
        with step_summary.open("a") as file:
            file.write(markdown_summary(engines.name, report))
    _say(engines, report)
    if report.passed and lift_suspension(engines):
        note(f"{engines}: was suspended and is trusted again")
    if as_json:
        emit_json(report)
    sys.exit(0 if report.passed else 1)


def _say(engines: Path, report: "ValidationReport") -> None:
    from speechtrt.engines.gate.judgement import describe

    for row in report.failures:
        note(f"FAILED {row.stage}: {describe(row)} {row.note}".rstrip())
    note(f"{engines}: {len(report.rows)} checks, {len(report.failures)} failed")

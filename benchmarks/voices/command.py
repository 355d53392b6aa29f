"""`speechtrt eval tts`."""

import sys
from pathlib import Path

import click

from speechtrt.console import emit_json, note
from speechtrt.runtime.reference import VOICE

BUILD = Path("build")
QUICK_TEXTS = 2


@click.command()
@click.option("--model", default=VOICE, show_default=True, help="Reference model, or any name with --engines.")
@click.option("--engines", type=click.Path(path_type=Path), help="Folder of engine sets, if not the model's own.")
@click.option("--texts", type=click.Path(path_type=Path), help="UTF-8 file, a sentence a line, if not the shipped.")
@click.option("--count", type=click.IntRange(1), default=40, show_default=True, help="Texts at most.")
@click.option("--seeds", type=click.IntRange(1), default=3, show_default=True, help="Readings of each text.")
@click.option("--listener", type=click.Path(path_type=Path), help="CTC engine set that writes down what is said.")
@click.option(
    "--out", type=click.Path(path_type=Path), default=BUILD / "results", show_default=True, help="Results folder."
)
@click.option("--quick", is_flag=True, help="Two texts, one seed: a smoke test; not for quoting.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout.")
def tts(
    model: str,
    engines: Path | None,
    texts: Path | None,
    count: int,
    seeds: int,
    listener: Path | None,
    out: Path,
    quick: bool,
    as_json: bool,
) -> None:
    """Does a voice still sound and read like its reference precision? Exit 1 when it is worse than allowed."""
    from speechtrt.benchmarks.engine_sets import reference_listener
    from speechtrt.benchmarks.voices.study import VoicePlan, run_study

    plan = VoicePlan(
        model=model,
        engines=engines or BUILD / "engines" / model,
        texts=texts,
        count=QUICK_TEXTS if quick else count,
        seeds=1 if quick else seeds,
        listener=listener or reference_listener(BUILD / "engines"),
        quick=quick,
    )
    report = run_study(plan, note)
    note(f"wrote {report.write(out)}")
    if as_json:
        emit_json(report.result)
    else:
        click.echo(report.table)
    if report.result.valid is not True:
        note("not for quoting:\n  " + "\n  ".join(report.result.valid))
    sys.exit(0 if report.passed else 1)

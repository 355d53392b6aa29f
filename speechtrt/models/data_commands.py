"""`speechtrt train data`: speak the reference sets with flite and espeak-ng."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note


@click.command()
@click.option("--data", "root", type=click.Path(path_type=Path), default=Path("build/train/data"), show_default=True)
@click.option("--set", "names", multiple=True, help="Only this set; may be given again.")
@click.option("--workers", type=click.IntRange(min=1), help="Processes; all cores when not given.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def data(root: Path, names: tuple[str, ...], workers: int | None, as_json: bool) -> None:
    """Speak the sets below DATA; a set that is whole already is left alone."""
    from speechtrt.models.data.sets import choose, make_plan

    spoken = {}
    for plan in choose(names):
        with activity(f"speaking {plan.name}: {plan.count} utterances"):
            spoken[plan.name] = make_plan(root, plan, workers)
        note(f"{root / plan.name}: {spoken[plan.name] or 'nothing'} new")
    if as_json:
        emit_json({"schema": 1, "data": str(root), "spoken": spoken})

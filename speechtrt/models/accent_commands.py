"""`speechtrt train accent`: fit the classifier of dialect groups on a CTC model."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note
from speechtrt.models.training_options import data_option

TARGET = Path("build/train/accent")


@click.command()
@data_option
@click.option("--model", default="ctc-medium", show_default=True, help="Reference model or CTC checkpoint folder.")
@click.option("--set", "name", default="dialects", show_default=True, help="Training set below DATA.")
@click.option("--utterances", type=click.IntRange(min=10), default=2000, show_default=True, help="Use the first N.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("build/train/accent"),
    show_default=True,
    help="Folder to write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the accuracies on stdout as well.")
def accent(data: Path, model: str, name: str, utterances: int, out: Path, as_json: bool) -> None:
    """Fit linear heads on MODEL's pooled states and log-probabilities; judge them on the shipped test set."""
    from speechtrt.models.accent.run import make_heads

    with activity("pooling and fitting"):
        rates = make_heads(model, data / name, utterances, out)
    for source, found in rates.items():
        note(f"{source}: {', '.join(f'{group} {100 * rate:.0f} %' for group, rate in found.items())}")
    if as_json:
        emit_json({"schema": 1, "folder": str(out), "accuracy": rates})

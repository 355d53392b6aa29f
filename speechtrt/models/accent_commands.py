"""`speechtrt train accent`: fit the classifier of dialect groups on a CTC model."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note
from speechtrt.models.training_options import data_option


@click.command()
@data_option
@click.option("--model", type=click.Path(path_type=Path), required=True, help="CTC checkpoint folder.")
@click.option("--set", "name", default="dialects", show_default=True, help="Training set below DATA.")
@click.option("--utterances", type=click.IntRange(min=10), default=4000, show_default=True, help="Use the first N.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; accent.safetensors in MODEL if absent.")
@click.option("--json", "as_json", is_flag=True, help="Print the accuracies on stdout as well.")
def accent(data: Path, model: Path, name: str, utterances: int, out: Path | None, as_json: bool) -> None:
    """Fit linear heads on MODEL's pooled states and log-probabilities; judge them on the shipped test set."""
    from speechtrt.models.accent.head import HEAD
    from speechtrt.models.accent.run import make_heads

    target = out or model / HEAD
    with activity("pooling and fitting"):
        figures = make_heads(model, data / name, utterances, target)
    for source, rates in figures.items():
        note(f"{source}: {', '.join(f'{group} {100 * rate:.0f} %' for group, rate in rates.items())}")
    if as_json:
        emit_json({"schema": 1, "file": str(target), "accuracy": figures})

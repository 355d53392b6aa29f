"""`speechtrt train lm`: estimate the language model that the beam decoder uses."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note

TARGET = Path("build/train/lm")


@click.command()
@click.option("--out", type=click.Path(path_type=Path), default=TARGET, show_default=True, help="Folder to write.")
@click.option("--recipe", type=click.Path(path_type=Path), help="TOML recipe; the shipped one if absent.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")
def lm(out: Path, recipe: Path | None, as_json: bool) -> None:
    """Write the n-gram model, the hot words, their checksums and a model card to OUT."""
    from speechtrt.models.language.recipe import load_lm_recipe
    from speechtrt.models.language.run import make_language_model

    with activity("counting and smoothing"):
        figures = make_language_model(load_lm_recipe(recipe), out)
    note(f"{out}: {figures.bytes / 1e6:.2f} MB, {figures.grams} n-grams, perplexity {figures.perplexity:.1f}")
    if as_json:
        emit_json({"schema": 1, "out": str(out), "model": figures})

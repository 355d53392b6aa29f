"""`speechtrt train ctc`, `publish-ctc` and `evaluate-ctc`."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note
from speechtrt.models.training_options import DATA, Effort, data_option, recipe_option, run_option, training_options

RUN = Path("build/train/ctc-medium")
RESULT = Path("benchmarks/results/cpu/ctc_reference.json")
GROUPS = Path("benchmarks/results/cpu/ctc_dialects.json")


@click.command()
@data_option
@recipe_option
@run_option(RUN)
@training_options
def ctc(data: Path, recipe: Path | None, out: Path, effort: Effort) -> None:
    """Train a streaming CTC model on the sets below DATA; the model folder is OUT/model."""
    from speechtrt.models.ctc_training.recipe import load_recipe
    from speechtrt.models.ctc_training.run import RunPlan, train_ctc
    from speechtrt.models.training.machine import read_machine
    from speechtrt.models.training.schedule import Budget

    machine = read_machine(effort.device, effort.precision, effort.threads)
    budget = Budget(effort.steps, effort.minutes) if effort.steps or effort.minutes else None
    plan = RunPlan(load_recipe(recipe), data, out, machine, budget, effort.resume)
    with activity(f"training; progress in {out / 'log.jsonl'}"):
        folder = train_ctc(plan)
    note(f"{folder}: trained; ship it with `speechtrt train publish-ctc`")


@click.command("publish-ctc")
@data_option
@recipe_option
@run_option(RUN, "--run")
@click.option("--target", type=click.Path(path_type=Path), required=True, help="Checkpoint folder to write.")
@click.option("--remark", default="", help="A sentence for the model card's account of the training.")
def publish(data: Path, recipe: Path | None, out: Path, target: Path, remark: str) -> None:
    """Write the last checkpoint of a run as half-precision weights with a model card and checksums."""
    from speechtrt.models.ctc_training.recipe import load_recipe
    from speechtrt.models.ctc_training.run import RunPlan, publish_run

    for evaluation in publish_run(RunPlan(load_recipe(recipe), data, out), target, remark):
        rates = evaluation.overall
        note(f"{evaluation.chunk_milliseconds} ms: WER {100 * rates.wer:.1f} %, CER {100 * rates.cer:.1f} %")
    note(f"{target}: written")


@click.command("evaluate-ctc")
@click.option("--model", required=True, help="Checkpoint folder or Hugging Face id.")
@click.option("--set", "folder", type=click.Path(path_type=Path), default=DATA / "held_out", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=RESULT, show_default=True, help="Document to write.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout as well.")
def evaluate(model: str, folder: Path, out: Path, as_json: bool) -> None:
    """Greedy word and character error rates of MODEL in PyTorch, for each chunk size and voice."""
    from speechtrt.documents import write_document
    from speechtrt.models.ctc_training.reference import evaluate_reference

    figures = evaluate_reference(model, folder)
    write_document(out, figures)
    note(f"{out}: {', '.join(f'{name} {value:g}' for name, value in figures.summary.items())}")
    if as_json:
        emit_json(figures)


@click.command("compare-ctc")
@click.option("--model", "models", multiple=True, required=True, help="Checkpoint folder; the smallest first.")
@click.option("--out", type=click.Path(path_type=Path), default=GROUPS, show_default=True, help="Document to write.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout as well.")
def compare(models: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Error rates of each dialect group of the shipped test set, and paired tests between one MODEL and the next."""
    from speechtrt.documents import write_document
    from speechtrt.models.ctc_training.groups import compare_models, group_table

    with activity("listening to the dialect test set"):
        figures = compare_models(models)
    write_document(out, figures)
    note(group_table(figures))
    if as_json:
        emit_json(figures)

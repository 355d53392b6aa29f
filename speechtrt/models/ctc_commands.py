"""`speechtrt train ctc`, `publish-ctc` and `evaluate-ctc`."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note
from speechtrt.models.training_options import DATA, Effort, data_option, training_options

RUNS = Path("build/train")
RESULT = Path("benchmarks/results/cpu/ctc_reference.json")
GROUPS = Path("benchmarks/results/cpu/ctc_dialects.json")


named_recipe_option = click.option(
    "--recipe", default="ctc-medium", show_default=True, help="Name of a shipped recipe, or a TOML file."
)


@click.command()
@data_option
@named_recipe_option
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run; build/train/NAME if absent.")
@training_options
def ctc(data: Path, recipe: str, out: Path | None, effort: Effort) -> None:
    """Train a streaming CTC model on the sets below DATA; the model folder is OUT/model."""
    from speechtrt.models.ctc_training.recipe import load_recipe
    from speechtrt.models.ctc_training.run import RunPlan, train_ctc
    from speechtrt.models.training.machine import read_machine
    from speechtrt.models.training.schedule import Budget

    machine = read_machine(effort.device, effort.precision, effort.threads)
    budget = Budget(effort.steps, effort.minutes) if effort.steps or effort.minutes else None
    read = load_recipe(recipe)
    plan = RunPlan(read, data, out or RUNS / read.name, machine, budget, effort.resume)
    with activity(f"training; progress in {plan.out / 'log.jsonl'}"):
        folder = train_ctc(plan)
    note(f"{folder}: trained; ship it with `speechtrt train publish-ctc`")


@click.command("publish-ctc")
@data_option
@named_recipe_option
@click.option("--run", type=click.Path(path_type=Path), help="Folder of the run; build/train/NAME if absent.")
@click.option("--target", type=click.Path(path_type=Path), required=True, help="Checkpoint folder to write.")
@click.option("--remark", default="", help="A sentence for the model card's account of the training.")
def publish(data: Path, recipe: str, run: Path | None, target: Path, remark: str) -> None:
    """Write the last checkpoint of a run as half-precision weights with a model card and checksums."""
    from speechtrt.models.ctc_training.recipe import load_recipe
    from speechtrt.models.ctc_training.run import RunPlan, publish_run

    read = load_recipe(recipe)
    for evaluation in publish_run(RunPlan(read, data, run or RUNS / read.name), target, remark):
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

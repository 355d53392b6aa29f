"""`speechtrt train ctc`, `publish-ctc` and `evaluate-ctc`."""

from pathlib import Path

import click

from speechtrt.console import activity, emit_json, note

DATA = Path("build/train/data")
RUN = Path("build/train/ctc")
RESULT = Path("benchmarks/results/cpu/ctc_reference.json")

data_option = click.option(
    "--data", "data", type=click.Path(path_type=Path), default=DATA, show_default=True, help="Folder of the sets."
)
recipe_option = click.option(
    "--recipe", type=click.Path(path_type=Path), help="TOML recipe; the shipped one if absent."
)


@click.command()
@data_option
@recipe_option
@click.option("--out", type=click.Path(path_type=Path), default=RUN, show_default=True, help="Folder of the run.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--resume", is_flag=True, help="Go on exactly where the run in OUT stopped.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Wall time of the whole training.")
@click.option("--steps", type=click.IntRange(min=1), help="Updates of the whole training.")
@click.option("--threads", type=click.IntRange(min=1), help="Threads on the CPU; PyTorch's choice when not given.")
def ctc(
    data: Path,
    recipe: Path | None,
    out: Path,
    device: str,
    resume: bool,
    minutes: float | None,
    steps: int | None,
    threads: int | None,
) -> None:
    """Train the streaming CTC model on the sets below DATA; the model folder is OUT/model."""
    from speechtrt.models.ctc_training.recipe import load_recipe
    from speechtrt.models.ctc_training.run import RunPlan, train_ctc
    from speechtrt.models.training.machine import prepare
    from speechtrt.models.training.schedule import Budget

    prepare(device, threads)
    budget = Budget(steps, minutes) if steps or minutes else None
    plan = RunPlan(load_recipe(recipe), data, out, device, budget, resume)
    with activity(f"training; progress in {out / 'log.jsonl'}"):
        folder = train_ctc(plan)
    note(f"{folder}: trained; ship it with `speechtrt train publish-ctc`")


@click.command("publish-ctc")
@data_option
@recipe_option
@click.option(
    "--run", "out", type=click.Path(path_type=Path), default=RUN, show_default=True, help="Folder of the run."
)
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

"""`speechtrt train tts`, `vocoder`, `publish-voice` and `evaluate-voice`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.console import activity, emit_json, note
from speechtrt.models.training_options import Effort, data_option, recipe_option, run_option, training_options

if TYPE_CHECKING:
    from speechtrt.models.tts.run import VoicePlan
    from speechtrt.models.tts.running import Pace, Progress

VOICE_RUN = Path("build/train/voice")
VOCODER_RUN = Path("build/train/vocoder")
RESULT = Path("benchmarks/results/cpu/tts_reference.json")


@click.command()
@data_option
@recipe_option
@run_option(VOICE_RUN)
@training_options
def tts(data: Path, recipe: Path | None, out: Path, effort: Effort) -> None:
    """Train the acoustic model of the reference voice; sets that are missing below DATA are spoken first."""
    from speechtrt.models.tts.run import train_voice

    _train(train_voice, data, recipe, out, effort)


@click.command()
@data_option
@recipe_option
@run_option(VOCODER_RUN)
@training_options
def vocoder(data: Path, recipe: Path | None, out: Path, effort: Effort) -> None:
    """Train the vocoder of the reference voice; the set is spoken first when it is missing below DATA."""
    from speechtrt.models.tts.run import train_vocoder

    _train(train_vocoder, data, recipe, out, effort)


def _train(
    run: "Callable[[VoicePlan, Pace, bool], Progress]", data: Path, recipe: Path | None, out: Path, effort: Effort
) -> None:
    from speechtrt.models.training.machine import read_machine
    from speechtrt.models.tts.run import VoicePlan
    from speechtrt.models.tts.running import Pace

    machine = read_machine(effort.device, effort.precision, effort.threads)
    with activity(f"training; progress in {out / 'log.jsonl'}"):
        progress = run(VoicePlan(data, out, recipe, machine), Pace(effort.minutes, effort.steps), effort.resume)
    note(f"{out}: {progress.updates} updates in {progress.seconds / 60:.0f} minutes; go on with --resume")


@click.command("publish-voice")
@data_option
@click.option("--voice-run", type=click.Path(path_type=Path), default=VOICE_RUN, show_default=True)
@click.option("--vocoder-run", type=click.Path(path_type=Path), default=VOCODER_RUN, show_default=True)
@click.option("--figures", type=click.Path(path_type=Path), help="Document of evaluate-voice, for the model card.")
@click.option("--note", "remark", default="", help="A sentence about this run, for the model card.")
@click.option("--target", type=click.Path(path_type=Path), required=True, help="Checkpoint folder to write.")
def publish(data: Path, voice_run: Path, vocoder_run: Path, figures: Path | None, remark: str, target: Path) -> None:
    """Write two finished runs as one voice folder: half-precision weights, tokenizer, model card, checksums."""
    from speechtrt.documents import read_document
    from speechtrt.models.tts.round_trip import RoundTrip
    from speechtrt.models.tts.shipping import FinishedRuns, publish_runs

    summary = read_document(figures, RoundTrip).summary if figures else None
    with activity(f"writing {target}"):
        publish_runs(FinishedRuns(data, voice_run, vocoder_run, figures=summary, note=remark), target)
    note(f"{target}: written")


@click.command("evaluate-voice")
@data_option
@click.option("--model", type=click.Path(path_type=Path), required=True, help="Voice folder.")
@click.option("--listener", type=click.Path(path_type=Path), required=True, help="CTC checkpoint that writes down.")
@click.option("--out", type=click.Path(path_type=Path), default=RESULT, show_default=True, help="Document to write.")
@click.option("--json", "as_json", is_flag=True, help="Print the document on stdout as well.")
def evaluate(data: Path, model: Path, listener: Path, out: Path, as_json: bool) -> None:
    """Speak held-out sentences freely and count the errors of what the CTC model hears."""
    from speechtrt.documents import write_document
    from speechtrt.models.tts.shipping import judge_voice

    with activity("speaking and listening"):
        figures = judge_voice(model, listener, data)
    write_document(out, figures)
    note(f"{out}: {', '.join(f'{name} {value:g}' for name, value in figures.summary.items())}")
    if as_json:
        emit_json(figures)

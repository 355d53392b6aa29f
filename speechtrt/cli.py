"""The command line."""

import sys
from typing import TYPE_CHECKING

import click

from speechtrt import __version__
from speechtrt.command_table import Entry, TableGroup
from speechtrt.errors import SpeechTRTError

if TYPE_CHECKING:
    from speechtrt.engines.gate.execution import StagePlayer
    from speechtrt.engines.gate.quality import QualityCheck

COMMANDS = {
    "doctor": Entry("speechtrt.doctor:doctor", "What works on this machine, and how to mend what does not."),
    "export": Entry("speechtrt.export.commands:export", "PyTorch checkpoint -> ONNX bundle."),
    "import": Entry("speechtrt.export.import_commands:import_group", "Public NeMo streaming CTC file -> ONNX bundle."),
    "build": Entry("speechtrt.engines.commands:build", "ONNX bundle -> engine set for one backend and precision."),
    "validate": Entry(
        "speechtrt.engines.validate_command:validate", "Re-run the gates of an engine set; exit 1 on failure."
    ),
    "inspect": Entry("speechtrt.inspection.command:inspect", "What a bundle or an engine set is."),
    "engines": Entry("speechtrt.reference:engines", "Export, build and validate the reference models."),
    "cache": Entry("speechtrt.engines.cache_commands:cache_group", "List, shrink and check the cache of built stages."),
    "synth": Entry("speechtrt.runtime.commands:synth", "Text -> speech."),
    "transcribe": Entry("speechtrt.runtime.asr.command:transcribe", "Speech -> text."),
    "serve-stream": Entry(
        "speechtrt.runtime.serving.commands:serve_stream", "Serve speech both ways to other people's clients."
    ),
    "deploy": Entry("speechtrt.deploy.commands:deploy", "Engine sets -> files for serving on many machines."),
    "bench": Entry("speechtrt.benchmarks.commands:bench", "Measure engines against PyTorch in one run."),
    "eval": Entry("speechtrt.benchmarks.eval_commands:evaluate", "Judge how well models hear and speak."),
    "compare": Entry("speechtrt.benchmarks.compare.commands:compare", "Two results: what differs beyond chance."),
    "train": Entry("speechtrt.models.commands:train", "Make data and train the reference models."),
}


@click.group(cls=TableGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="speechtrt")
@click.option("--debug", is_flag=True, help="Show a traceback instead of one line when something fails.")
@click.pass_context
def root(context: click.Context, debug: bool) -> None:
    """Take speech models from PyTorch to production: export, build, prove, run, measure."""
    from speechtrt.engines.gate.judges import Judges

    context.obj = Judges(speech_quality, stage_player)


def speech_quality() -> "QualityCheck":
    """The check of speech that engines are gated with; they may not import it themselves."""
    from speechtrt.reference import DEFAULT_ROOT, listening_check

    return listening_check(DEFAULT_ROOT)


def stage_player() -> "StagePlayer | None":
    """Who runs engines for a GPU, where there is one."""
    from speechtrt.benchmarks.quality.player import gpu_player

    return gpu_player()


def main() -> None:
    """Run the command line: exit 0 done, 1 failed or below the gate, 2 wrong usage."""
    try:
        root(prog_name="speechtrt")
    except SpeechTRTError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"speechtrt: {error}", err=True)
        sys.exit(1)

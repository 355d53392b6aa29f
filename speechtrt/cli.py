"""The command line: a table of commands, each imported only when it is called."""

import sys
from dataclasses import dataclass
from importlib import import_module

import click

from speechtrt import __version__
from speechtrt.errors import SpeechTRTError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in `--help` (so that help imports no command)."""

    target: str
    help: str

    def load(self) -> click.Command:
        """Import the module and return its click command."""
        module, _, name = self.target.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


COMMANDS = {
    "doctor": Entry("speechtrt.doctor:doctor", "What works on this machine, and how to mend what does not."),
    "export": Entry("speechtrt.export.commands:export", "PyTorch checkpoint -> ONNX bundle."),
    "build": Entry("speechtrt.engines.commands:build", "ONNX bundle -> engine set for one backend and precision."),
    "validate": Entry("speechtrt.engines.commands:validate", "Re-run the gates of an engine set; exit 1 on failure."),
    "inspect": Entry("speechtrt.inspection:inspect", "Stages, shapes, precision, sizes and gates of an artefact."),
    "engines": Entry("speechtrt.reference:engines", "Export, build and validate the reference models."),
    "synth": Entry("speechtrt.runtime.commands:synth", "Text -> speech."),
    "transcribe": Entry("speechtrt.runtime.commands:transcribe", "Speech -> text."),
    "bench": Entry("speechtrt.benchmarks.commands:bench", "Measure engines against PyTorch in one run."),
    "train": Entry("speechtrt.models.commands:train", "Make data and train the reference models."),
}


class LazyGroup(click.Group):
    """A click group over `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in pipeline order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        entry = COMMANDS.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="speechtrt")
@click.option("--debug", is_flag=True, help="Show a traceback instead of one line when something fails.")
def root(debug: bool) -> None:
    """Take speech models from PyTorch to production: export, build, prove, run, measure."""


def main() -> None:
    """Run the command line: exit 0 done, 1 failed or below the gate, 2 wrong usage."""
    try:
        root(prog_name="speechtrt")
    except SpeechTRTError as error:
        if "--debug" in sys.argv:
            raise
        click.echo(f"speechtrt: {error}", err=True)
        sys.exit(1)

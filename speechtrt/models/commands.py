"""`speechtrt train`: a table of commands, each imported only when it is called."""

from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True, slots=True)
class TrainEntry:
    """Where a command lives, and its line in `--help`."""

    target: str
    help: str

    def load(self) -> click.Command:
        """Import the module and return its click command."""
        module, _, name = self.target.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


COMMANDS = {
    "data": TrainEntry("speechtrt.models.data_commands:data", "Speak the training and held-out sets."),
    "ctc": TrainEntry("speechtrt.models.ctc_commands:ctc", "Train the streaming CTC model."),
    "publish-ctc": TrainEntry("speechtrt.models.ctc_commands:publish", "Write a trained CTC run as shipped weights."),
    "evaluate-ctc": TrainEntry("speechtrt.models.ctc_commands:evaluate", "Held-out error rates of a CTC checkpoint."),
}


class TrainGroup(click.Group):
    """A click group over `COMMANDS`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        entry = COMMANDS.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=TrainGroup)
def train() -> None:
    """Make data and train the reference models."""

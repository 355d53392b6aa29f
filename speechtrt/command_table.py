"""Click groups over a table of commands, each imported only when it is called."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module

import click


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives (`module:name`), and its line in `--help`, so that help imports no command."""

    target: str
    help: str

    def load(self) -> click.Command:
        """Import the module and return its click command."""
        module, _, name = self.target.partition(":")
        command = getattr(import_module(module), name)
        assert isinstance(command, click.Command)
        return command


class TableGroup(click.Group):
    """A click group over a table, in the table's order: `@click.group(cls=TableGroup, table=COMMANDS)`."""

    def __init__(self, name: str | None = None, *, table: Mapping[str, Entry], **settings: object) -> None:
        super().__init__(name, **settings)  # type: ignore[arg-type]  # whatever click's decorator passes on
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called `cmd_name`, or None."""
        entry = self.table.get(cmd_name)
        return entry.load() if entry else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.table.items()])

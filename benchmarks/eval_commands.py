"""`speechtrt eval`."""

import click

from speechtrt.command_table import Entry, TableGroup

COMMANDS = {
    "asr": Entry("speechtrt.benchmarks.evaluation.command:asr", "Error rates over a manifest, and how sure they are."),
    "tts": Entry("speechtrt.benchmarks.voices.command:tts", "A voice beside its reference precision."),
}


@click.group(name="eval", cls=TableGroup, table=COMMANDS)
def evaluate() -> None:
    """Judge how well models hear and speak, and how sure one can be."""

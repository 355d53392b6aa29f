"""`speechtrt train`."""

import click

from speechtrt.command_table import Entry, TableGroup

COMMANDS = {
    "data": Entry("speechtrt.models.data_commands:data", "Speak the training and held-out sets."),
    "ctc": Entry("speechtrt.models.ctc_commands:ctc", "Train the streaming CTC model."),
    "publish-ctc": Entry("speechtrt.models.ctc_commands:publish", "Write a trained CTC run as shipped weights."),
    "evaluate-ctc": Entry("speechtrt.models.ctc_commands:evaluate", "Held-out error rates of a CTC checkpoint."),
    "compare-ctc": Entry("speechtrt.models.ctc_commands:compare", "Error rates by dialect group, and paired tests."),
    "accent": Entry("speechtrt.models.accent_commands:accent", "Fit the accent classifier of a CTC model."),
    "lm": Entry("speechtrt.models.lm_commands:lm", "Estimate the language model of the beam decoder."),
    "tts": Entry("speechtrt.models.tts_commands:tts", "Train the acoustic model of the reference voice."),
    "vocoder": Entry("speechtrt.models.tts_commands:vocoder", "Train the vocoder of the reference voice."),
    "publish-voice": Entry("speechtrt.models.tts_commands:publish", "Write two trained runs as a shipped voice."),
    "evaluate-voice": Entry("speechtrt.models.tts_commands:evaluate", "What the CTC model hears of a voice."),
}


@click.group(cls=TableGroup, table=COMMANDS)
def train() -> None:
    """Make data and train the reference models."""

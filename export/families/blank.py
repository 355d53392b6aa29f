"""Which label of a checkpoint is the CTC blank."""

from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint


def blank_label(checkpoint: Checkpoint, padding: int | None, labels: int) -> int:
    """The library uses the padding token as the blank. Raises CheckpointError when it is no label."""
    if padding is None or not 0 <= padding < labels:
        raise CheckpointError(
            f"{checkpoint.id}: has the padding token {padding}, which is the blank and must be one of {labels} labels; "
            "mend pad_token_id in config.json"
        )
    return padding

"""The library's feature extractor of a checkpoint."""

from pathlib import Path
from typing import Any

from speechtrt.errors import CheckpointError
from speechtrt.export.quiet import quiet


def load_extractor(kind: Any, folder: Path) -> Any:
    """The extractor of `folder`, of the class `kind`. Raises CheckpointError."""
    try:
        with quiet():
            return kind.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{folder}: has no usable preprocessor_config.json ({reason}); copy it from where the checkpoint came from"
        ) from error

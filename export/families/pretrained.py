"""Loading through the library's own `from_pretrained`, with its complaints as one line."""

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel

from speechtrt.errors import CheckpointError

M = TypeVar("M", bound=PreTrainedModel)


def load_pretrained(kind: type[M], folder: Path) -> M:
    """The model of `folder` in float32, for inference. Raises CheckpointError, also when weights are missing."""
    try:
        model, report = kind.from_pretrained(
            folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder}: cannot be loaded as {kind.__name__} ({str(error).partition(chr(10))[0]}); copy the checkpoint again"
        ) from error
    missing = sorted(report["missing_keys"])
    if missing:
        raise CheckpointError(
            f"{folder}: lacks {len(missing)} weights of {kind.__name__}, such as {missing[0]}; copy the checkpoint again"
        )
    loaded: M = model.eval()
    return loaded

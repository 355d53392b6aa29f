"""Loading through the library's own `from_pretrained`, with its complaints as one line."""

from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from transformers import PreTrainedModel

from speechtrt.errors import CheckpointError
from speechtrt.export.quiet import quiet

M = TypeVar("M", bound=PreTrainedModel)


def load_pretrained(kind: type[M], folder: Path) -> M:
    """The model of `folder` in float32, for inference. Raises CheckpointError, also for missing and NaN weights."""
    try:
        with quiet():
            loaded: Any = kind.from_pretrained(
                folder, local_files_only=True, output_loading_info=True, dtype=torch.float32
            )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).partition("\n")[0]
        raise CheckpointError(
            f"{folder}: cannot be loaded as {kind.__name__} ({reason}); copy the checkpoint again"
        ) from error
    model, report = loaded
    missing = sorted(report["missing_keys"])
    if missing:
        raise CheckpointError(
            f"{folder}: lacks {len(missing)} weights of {kind.__name__}, such as {missing[0]}; "
            "copy the checkpoint again"
        )
    _expect_finite(model, folder)
    ready: M = model.eval()
    return ready


def _expect_finite(model: PreTrainedModel, folder: Path) -> None:
    for name, weight in model.named_parameters():
        if not bool(torch.isfinite(weight).all()):
            raise CheckpointError(
                f"{folder}: the weight {name} holds NaN or infinite values; take an earlier checkpoint of the training"
            )

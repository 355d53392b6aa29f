"""What a folder of shipped weights holds beside its configuration: float16 weights, a model card, checksums."""

from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from speechtrt.artifact import sha256_file, write_bytes

CARD = "MODEL_CARD.md"
CHECKSUMS = "weights.sha256"
WEIGHTS = "model.safetensors"


def write_half(folder: Path, model: nn.Module) -> None:
    """Write the model's tensors, floating ones in float16, as `model.safetensors`."""
    tensors = {name: _half(value) for name, value in model.state_dict().items()}
    write_bytes(folder / WEIGHTS, safetensors.torch.save(tensors, metadata={"format": "pt"}))


def write_checksums(folder: Path) -> None:
    """List every file below `folder` in `weights.sha256`, as `sha256sum --check` reads it."""
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    lines = "".join(f"{sha256_file(folder / name)}  {name}\n" for name in found if name != CHECKSUMS)
    write_bytes(folder / CHECKSUMS, lines.encode())


def _half(value: Tensor) -> Tensor:
    return (value.to(torch.float16) if value.is_floating_point() else value).contiguous().clone()

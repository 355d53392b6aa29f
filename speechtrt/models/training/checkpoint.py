"""Everything a training needs to go on exactly where it stopped, written in one step."""

import io
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from speechtrt.artifact import write_bytes
from speechtrt.errors import CheckpointError

CHECKPOINT = "checkpoint.pt"


@dataclass(slots=True)
class Position:
    """Where a training is: updates done, seconds spent, the epoch and the next batch of it."""

    step: int = 0
    seconds: float = 0.0
    epoch: int = 0
    batch: int = 0


def save_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer, position: Position) -> None:
    """Write model, optimiser, position and random state to `folder`."""
    buffer = io.BytesIO()
    place = {name: getattr(position, name) for name in Position.__slots__}
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "position": place,
        "rng": _random_state(),
    }
    torch.save(state, buffer)
    write_bytes(folder / CHECKPOINT, buffer.getvalue())


def load_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer | None = None) -> Position:
    """Restore what `save_checkpoint` wrote (the weights alone without `optimizer`). Raises CheckpointError."""
    path = folder / CHECKPOINT
    if not path.is_file():
        raise CheckpointError(f"{path}: is missing; expected the checkpoint of an earlier run; start without --resume")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict(state["model"])
        if optimizer is not None:
            optimizer.load_state_dict(state["optimizer"])
            _restore_random_state(state["rng"])
    except (RuntimeError, LookupError, ValueError, EOFError, UnpicklingError) as error:
        raise CheckpointError(f"{path}: does not fit this recipe ({error}); use the recipe it was made with") from error
    return Position(**state["position"])


def _random_state() -> dict[str, Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random_state(state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])

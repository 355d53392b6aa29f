"""Everything that a `Trainer` needs to go on exactly where it stopped."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from speechtrt.errors import CheckpointError
from speechtrt.models.training.state_file import read_state, write_state

CHECKPOINT = "checkpoint.pt"


@dataclass(slots=True)
class Position:
    """Where a training is: updates done, seconds spent, the epoch and the next batch of it."""

    step: int = 0
    seconds: float = 0.0
    epoch: int = 0
    batch: int = 0


def save_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer, position: Position) -> None:
    """Write model, optimiser, position and random state to `folder`. Raises StorageError for a full disk."""
    place = {name: getattr(position, name) for name in Position.__slots__}
    state = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "position": place,
        "rng": _random_state(),
    }
    write_state(folder / CHECKPOINT, state)


def load_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer | None = None) -> Position:
    """Restore what `save_checkpoint` wrote (the weights alone without `optimizer`). Raises CheckpointError."""
    path = folder / CHECKPOINT
    state = read_state(path)
    try:
        model.load_state_dict(state["model"])
        if optimizer is not None:
            optimizer.load_state_dict(state["optimizer"])
            _restore_random_state(state["rng"])
        return Position(**state["position"])
    except (RuntimeError, LookupError, ValueError, TypeError) as error:
        raise CheckpointError(f"{path}: does not fit this recipe ({error}); use the recipe it was made with") from error


def _random_state() -> dict[str, Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _restore_random_state(state: dict[str, Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])

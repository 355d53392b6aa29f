"""What the trainer needs to know of a model in training."""

from collections.abc import Sequence
from typing import Any, Protocol

from torch import Tensor, nn


class Task(Protocol):
    """A model, the batches of an epoch, and the loss of a batch.

    A batch is whatever `batches` lists (indices, usually): small, made anew from (seed, epoch), so that a checkpoint
    needs to keep only the position. Randomness inside `loss` must come from torch's global generator, which is saved.
    """

    @property
    def model(self) -> nn.Module:
        """Everything that is trained and saved, in one module."""

    def batches(self, seed: int, epoch: int) -> Sequence[Any]:
        """The batches of an epoch, in order; the same for the same arguments."""

    def loss(self, batch: Any, progress: float) -> dict[str, Tensor]:
        """Scalars to log; `loss` is minimised. `progress` runs from 0 to 1 over the training."""

    def evaluate(self) -> dict[str, float]:
        """Held-out figures to log; the model is in evaluation mode and gradients are off."""

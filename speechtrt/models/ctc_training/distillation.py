"""Learn from a larger model: its framewise label distributions, besides the labels themselves."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechtrt.errors import DataError
from speechtrt.models.ctc import FastConformerCtc, load_ctc
from speechtrt.models.ctc_training.source import source_folder
from speechtrt.models.tokenizer import PieceTokenizer, load_tokenizer


@dataclass(frozen=True, slots=True)
class TeacherPlan:
    """A reference model's name or a checkpoint folder, and its share of the loss (the rest is the labels')."""

    weights: str
    share: float = 0.5
    temperature: float = 1.0


class Teacher:
    """A frozen model; hears the speech without augmentation."""

    def __init__(self, plan: TeacherPlan, tokenizer: PieceTokenizer, device: str) -> None:
        folder = source_folder(plan.weights)
        if load_tokenizer(folder).pieces != tokenizer.pieces:
            raise DataError(
                f"{folder}: has other pieces than the model in training; a teacher must share its tokenizer"
            )
        self.plan = plan
        self.model: FastConformerCtc = nn.Module.to(load_ctc(folder), device)

    @torch.no_grad()
    def log_probs(self, features: Tensor, lengths: Tensor, lookahead: int) -> Tensor:
        """Log-probabilities [rows, frames', V + 1] of raw log-mel `features` [rows, frames, mels]."""
        taught: Tensor = self.model(features, lengths, lookahead)
        return taught.float()

    def loss(self, taught: Tensor, learnt: Tensor, counts: Tensor) -> Tensor:
        """`divergence` at the plan's temperature."""
        return divergence(taught, learnt, counts, self.plan.temperature)


def divergence(taught: Tensor, learnt: Tensor, counts: Tensor, temperature: float = 1.0) -> Tensor:
    """Mean over valid frames of KL(taught || learnt), in nats; both are log-probabilities [rows, frames', V + 1].

    `counts` [rows] are the valid frames. Softened by `temperature` and scaled by its square (Hinton et al. 2015).
    """
    wanted = (taught / temperature).log_softmax(-1)
    found = (learnt / temperature).log_softmax(-1)
    frames = (wanted.exp() * (wanted - found)).sum(-1)  # [rows, frames']
    valid = torch.arange(frames.shape[1], device=frames.device) < counts[:, None]
    return temperature**2 * (frames * valid).sum() / valid.sum()

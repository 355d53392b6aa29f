"""The CTC model as a training task: CTC loss, with framewise phones to help it off the plateau."""

import random
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.distillation import Teacher
from speechtrt.models.ctc_training.evaluation import evaluate_ctc
from speechtrt.models.ctc_training.examples import (
    MOST_PADDING,
    NO_PHONE,
    PHONES,
    PHONES_PER_FRAME,
    Batch,
    Examples,
)
from speechtrt.models.ctc_training.features import FeatureSet
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.tokenizer import PieceTokenizer


class CtcModule(nn.Module):
    """The model and the phone classifier that only training needs."""

    def __init__(self, ctc: FastConformerCtc) -> None:
        super().__init__()
        self.ctc = ctc
        self.phones = nn.Linear(ctc.config.encoder.hidden_size, PHONES_PER_FRAME * len(PHONES))
        initialise(self)


def initialise(module: nn.Module) -> None:
    """Kaiming for convolutions, Xavier for linear layers: transformers' std of 0.02 does not train from features."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d):
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
        elif isinstance(layer, nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


class CtcTask:
    """Implements `speechtrt.models.training.task.Task`; a batch is (indices, paddings, lookahead)."""

    def __init__(
        self,
        model: FastConformerCtc,
        tokenizer: PieceTokenizer,
        sets: Sequence[FeatureSet],
        held_out: FeatureSet,
        recipe: CtcRecipe,
        device: str,
    ) -> None:
        self.model = CtcModule(model).to(device)
        self.tokenizer = tokenizer
        self.examples = Examples(sets, tokenizer)
        self.held_out = held_out
        self.recipe = recipe
        self.device = device
        self.teacher = Teacher(recipe.teacher, tokenizer, device) if recipe.teacher else None

    def batches(self, seed: int, epoch: int) -> list[tuple[list[int], list[tuple[int, int]], int]]:
        """Length-bucketed batches, each with random silence around every row and one of the lookaheads."""
        rng = random.Random(f"{seed}:{epoch}:ctc")
        return [
            (indices, [_padding(rng) for _ in indices], rng.choice(self.recipe.lookaheads))
            for indices in self.examples.buckets(self.recipe.rows, seed, epoch)
        ]

    def loss(self, batch: tuple[list[int], list[tuple[int, int]], int], progress: float) -> dict[str, Tensor]:
        """CTC per label, mixed with the teacher's divergence, plus the phone cross-entropy, which fades out."""
        indices, padding, lookahead = batch
        rows = self.examples.batch(indices, padding)
        features, lengths = rows.features.to(self.device), rows.lengths.to(self.device)
        hidden = self.model.ctc.encode(self.recipe.augmentation(features), lengths, lookahead)
        log_probs = self.model.ctc.log_probs(hidden).float()  # [rows, frames', V + 1]
        counts = self.model.ctc.output_lengths(lengths)
        terms = {"ctc": self._ctc(log_probs, counts, rows)}
        total = terms["ctc"]
        if self.teacher is not None:
            taught = self.teacher.log_probs(features, lengths, lookahead)
            terms["teacher"] = self.teacher.loss(taught, log_probs, counts)
            total = total + self.teacher.plan.share * (terms["teacher"] - total)
        weight = self.recipe.phone_weight * max(0.0, 1 - progress / self.recipe.phone_until)
        if weight > 0.0:
            terms["phone"] = self._phone(hidden, rows.phones.to(self.device))
            total = total + weight * terms["phone"]
        return {"loss": total, **terms}

    def _ctc(self, log_probs: Tensor, counts: Tensor, rows: Batch) -> Tensor:
        labels, label_lengths = rows.labels.to(self.device), rows.label_lengths.to(self.device)
        losses = functional.ctc_loss(
            log_probs.transpose(0, 1),
            labels,
            counts,
            label_lengths,
            self.recipe.vocab_size,
            reduction="none",
            zero_infinity=True,
        )
        return losses.sum() / label_lengths.sum()

    def _phone(self, hidden: Tensor, phones: Tensor) -> Tensor:
        logits = self.model.phones(hidden).float().unflatten(-1, (PHONES_PER_FRAME, len(PHONES)))
        known = phones != NO_PHONE
        total = functional.cross_entropy(logits.permute(0, 3, 1, 2), phones, ignore_index=NO_PHONE, reduction="sum")
        return total / known.sum().clamp(min=1)

    def evaluate(self) -> dict[str, float]:
        """Word and character error rate on the held-out set for the longest lookahead, and WER for each dialect."""
        result = evaluate_ctc(self.model.ctc, self.tokenizer, self.held_out, max(self.recipe.lookaheads))
        dialects = {f"wer {dialect}": score.wer for dialect, score in result.dialects.items()}
        return {"wer": result.overall.wer, "cer": result.overall.cer, **dialects}


def _padding(rng: random.Random) -> tuple[int, int]:
    return rng.randrange(MOST_PADDING[0]), rng.randrange(MOST_PADDING[1])

"""Losses of the acoustic model: spectrogram, stop, attention on the spoken letter, spelling."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from speechtrt.models.tts.batches import IGNORED, SpeechBatch, SpellingBatch
from speechtrt.models.tts.examples import REDUCTION

SUPERVISED_HEADS = 2
NEIGHBOUR = 0.5


def spectrogram_loss(made: Tensor, batch: SpeechBatch) -> Tensor:
    """L1 plus half of L2 over real frames; `made` is [batch, frames, 80]."""
    difference = (made - batch.mel)[batch.frame_mask]
    return difference.abs().mean() + 0.5 * difference.square().mean()


def stop_loss(logits: Tensor, batch: SpeechBatch, weight: float) -> Tensor:
    """Binary cross-entropy: 1 at the frames of each row's last step; `logits` is [batch, frames]."""
    steps = torch.arange(batch.places.shape[1], device=logits.device)
    last = (steps == batch.lengths[:, None] - 1).repeat_interleave(REDUCTION, dim=1)
    mask = batch.frame_mask
    positive = torch.tensor(weight, device=logits.device)
    return functional.binary_cross_entropy_with_logits(logits[mask], last[mask].float(), pos_weight=positive)


def attention_loss(attentions: Sequence[Tensor], batch: SpeechBatch) -> Tensor:
    """Negative log of the attention on the spoken letter, neighbours counting half; attentions are per layer."""
    terms = []
    for weights in attentions:
        heads = weights[:, :SUPERVISED_HEADS]  # [batch, heads, steps, pieces]
        around = NEIGHBOUR * (functional.pad(heads[..., 1:], (0, 1)) + functional.pad(heads[..., :-1], (1, 0)))
        places = batch.places.clamp_min(0)[:, None, :, None].expand(-1, heads.shape[1], -1, 1)
        mass = (heads + around).gather(-1, places).squeeze(-1)
        mask = batch.step_mask[:, None].expand_as(mass)
        terms.append(-mass[mask].clamp_min(1e-5).log().mean())
    return torch.stack(terms).mean()


def spelling_loss(scores: Tensor, batch: SpellingBatch) -> Tensor:
    """Cross-entropy of both phones of every piece; `scores` is [batch, pieces, 2 * classes]."""
    classes = scores.shape[-1] // 2
    return functional.cross_entropy(scores.reshape(-1, classes), batch.phones.reshape(-1), ignore_index=IGNORED)


def spelling_accuracy(scores: Tensor, batch: SpellingBatch) -> float:
    """Share of pieces whose two phones are both right."""
    best = scores.view(*scores.shape[:-1], 2, -1).argmax(-1)
    right = (best == batch.phones).all(-1)[batch.mask.bool()]
    return float(right.float().mean())

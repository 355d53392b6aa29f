"""Masks of a batch of recordings: what lies beyond a row's end must not be heard."""

import torch
from torch import Tensor


def existing(count: Tensor, size: int) -> Tensor:
    """[rows, size] bool, true for the first `count` [rows]."""
    return torch.arange(size, device=count.device) < count[:, None]


def masked_moments(values: Tensor, exists: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over the last axis of `values`, each [..., 1], of what `exists`; `count` is how many.

    Means are taken before they are scaled, so that no sum grows with the length.
    """
    share = values.shape[-1] / count
    mean = torch.where(exists, values, 0.0).mean(-1, keepdim=True) * share
    apart = torch.where(exists, values - mean, 0.0)
    return mean, (apart * apart).mean(-1, keepdim=True) * share

"""Attention heads: folding them out of the width of a state and back."""

from torch import Tensor


def split_heads(states: Tensor, heads: int) -> Tensor:
    """[rows, time, heads * dim] -> [rows, heads, time, dim]."""
    rows, time, width = states.shape
    return states.view(rows, time, heads, width // heads).transpose(1, 2)


def merge_heads(states: Tensor) -> Tensor:
    """[rows, heads, time, dim] -> [rows, time, heads * dim]."""
    rows, heads, time, width = states.shape
    return states.transpose(1, 2).reshape(rows, time, heads * width)

"""The two operations through which a stage touches its state: writing rows of a cache, and attending to it.

While a graph is exported they become ONNX `TensorScatter` and `Attention` (opset 24), which every backend can lower to
an update in place; outside of an export they compute the same in PyTorch.
"""

from typing import Any

import torch
from torch import Tensor, nn

OPSET = 24
HIDDEN = -10_000.0  # the score of a hidden key: finite, so that a row with no visible key stays free of NaN


def write_rows(cache: Tensor, update: Tensor, position: Tensor) -> Tensor:
    """`cache` [rows, heads, time, dim] with `update` [rows, heads, n, dim] written at `position` [rows] int64."""
    if torch.onnx.is_in_onnx_export():
        return _symbolic("TensorScatter", (cache, update, position), {"axis": 2, "mode": "linear"}, cache)
    steps = torch.arange(update.shape[2], device=cache.device)
    places = (position[:, None] + steps)[:, None, :, None].expand_as(update)  # [rows, heads, n, dim]
    return cache.scatter(2, places, update)


def attend(query: Tensor, key: Tensor, value: Tensor, visible: Tensor, scale: float) -> Tensor:
    """Attention of `query` [rows, heads, n, dim] to `key`, `value` [rows, heads, time, dim].

    `visible` [rows, 1, n, time] bool: an explicit mask, because backends ignore a length input without notice.
    """
    if torch.onnx.is_in_onnx_export():
        return _symbolic("Attention", (query, key, value, visible), {"scale": scale}, query)
    return nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=visible, scale=scale)


def _symbolic(operator: str, inputs: tuple[Tensor, ...], attributes: dict[str, Any], like: Tensor) -> Tensor:
    return torch.onnx.ops.symbolic(operator, inputs, attributes, dtype=like.dtype, shape=like.shape, version=OPSET)

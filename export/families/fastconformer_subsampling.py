"""Eightfold subsampling of a chunk, with the last column of every stage carried to the next chunk."""

from typing import Any

import torch
from torch import Tensor, nn


class Subsampling(nn.Module):
    """Causal strided 2-D convolutions over [slots, 1, mels, bins], as encoder frames [slots, n, D].

    A chunk starts `factor - 1` mel frames before its first encoder frame. In a stream's first chunk those frames, and
    what the stages make of them, lie before the stream: they are zeroed, as the offline model pads with zeros.
    """

    def __init__(self, subsampling: Any, scale: float) -> None:
        super().__init__()
        first = nn.ModuleList([subsampling.conv_in])
        rest = [nn.ModuleList([layer.depthwise_conv, layer.pointwise_conv]) for layer in subsampling.layers]
        self.stages = nn.ModuleList([first, *rest])
        self.linear = subsampling.linear
        self.scale = scale

    def forward(
        self, features: Tensor, valid: Tensor, fresh: Tensor, caches: tuple[Tensor, ...]
    ) -> tuple[Tensor, list[Tensor]]:
        """`valid` [slots]: mel frames that are speech; `fresh` [slots]: rows at the start of a stream."""
        states = _keep(features[:, None], valid, fresh, 2 ** len(self.stages) - 1)
        carried: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            cache = torch.where(fresh[:, None, None, None], 0.0, caches[index])
            carried.append(states[:, :, -cache.shape[2] :])
            states = _convolve(stage, torch.cat([cache, states], dim=2))
            valid = (valid + 1) // 2
            states = torch.relu(_keep(states, valid, fresh, 2 ** (len(self.stages) - 1 - index) - 1))
        flat = states.transpose(1, 2).flatten(2)  # [slots, n, channels * bins]
        return self.linear(flat) * self.scale, carried

    def cache_shapes(self, bins: int) -> list[tuple[int, int, int]]:
        """Shape of every carried tensor without its row axis: channels, frames, bins."""
        shapes = []
        for stage in self.stages:
            conv: Any = stage[0]  # type: ignore[index]
            shapes.append((conv.weight.shape[1] * conv.groups, conv.left_pad, bins))
            bins = (bins + sum(conv.freq_pad) - conv.kernel_size[1]) // conv.stride[1] + 1
        return shapes


def _convolve(stage: Any, states: Tensor) -> Tensor:
    """The strided convolution with its padding over bins only, then the pointwise one."""
    conv = stage[0]
    states = nn.functional.conv2d(
        nn.functional.pad(states, conv.freq_pad), conv.weight, conv.bias, conv.stride, groups=conv.groups
    )
    for pointwise in stage[1:]:
        states = pointwise(states)
    return states


def _keep(states: Tensor, valid: Tensor, fresh: Tensor, before: int) -> Tensor:
    """Zero columns at or beyond `valid`, and the first `before` columns of fresh rows."""
    times = torch.arange(states.shape[2], device=states.device)
    kept = (times < valid[:, None]) & ((times >= before) | ~fresh[:, None])  # [slots, time]
    return states * kept.to(states.dtype)[:, None, :, None]  # ONNX Runtime selects eight times more slowly

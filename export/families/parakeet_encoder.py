"""Stage `encoder` of Parakeet: a FastConformer that hears a whole recording at once."""

from typing import Any

import torch
from torch import Tensor, nn

from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.families.masks import existing
from speechtrt.export.families.parakeet_features import MelSpec, RecordingFeatures
from speechtrt.export.state_io import HIDDEN


class RecordingEncoder(nn.Module):
    """`model` is the library's ParakeetForCTC; recordings have at most `longest` encoder frames."""

    def __init__(self, model: Any, spec: MelSpec, longest: int) -> None:
        super().__init__()
        encoder = model.encoder
        self.features = RecordingFeatures(spec)
        self.subsampling = encoder.subsampling
        self.scale = encoder.input_scale
        self.layers = encoder.layers
        self.head = model.ctc_head
        self.longest = longest
        table = encoder.encode_positions(torch.zeros(1, longest, 1))[0]  # distances longest - 1 to -(longest - 1)
        self.register_buffer("positions", table)

    def forward(self, pcm: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """`pcm` [rows, time] of which `samples` [rows] exist."""
        states, count = self._subsample(*self.features(pcm, samples))
        frames = states.shape[1]
        exists = existing(count, frames)
        positions = self.get_buffer("positions")[self.longest - frames : self.longest + frames - 1]
        for layer in self.layers:
            states = _block(layer, states, exists, positions)
        log_probs = _pointwise(self.head, states).log_softmax(-1)
        return torch.where(exists[:, :, None], log_probs, 0.0), count

    def _subsample(self, features: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """Strided convolutions, each followed by zeros behind every row's end."""
        states = features[:, None]
        for layer in self.subsampling.layers:
            states = layer(states)
            if isinstance(layer, nn.Conv2d):
                if layer.stride != (1, 1):
                    count = (count + 2 * int(layer.padding[0]) - layer.kernel_size[0]) // layer.stride[0] + 1
                states = torch.where(existing(count, states.shape[2])[:, None, :, None], states, 0.0)
        return self.subsampling.linear(states.transpose(1, 2).flatten(2)) * self.scale, count


def _block(block: Any, states: Tensor, exists: Tensor, positions: Tensor) -> Tensor:
    """Half feed-forward, attention, convolution, half feed-forward."""
    states = states + 0.5 * block.feed_forward1(block.norm_feed_forward1(states))
    states = states + _attend(block.self_attn, block.norm_self_att(states), exists, positions)
    states = states + _convolve(block.conv, block.norm_conv(states), exists)
    states = states + 0.5 * block.feed_forward2(block.norm_feed_forward2(states))
    normed: Tensor = block.norm_out(states)
    return normed


def _attend(attention: Any, states: Tensor, exists: Tensor, positions: Tensor) -> Tensor:
    """Transformer-XL attention; `positions` [2 n - 1, D] are encodings of distances n - 1 to -(n - 1)."""
    heads = attention.bias_u.shape[0]
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    query, key, value = (split_heads(project(states), heads) for project in projections)
    distances = split_heads(attention.relative_k_proj(positions)[None], heads)
    content = torch.matmul(query + attention.bias_u[:, None], key.transpose(2, 3))
    by_distance = torch.matmul(query + attention.bias_v[:, None], distances.transpose(2, 3))
    scores = (content + _shifted(by_distance)) * attention.scaling
    weights = torch.where(exists[:, None, None, :], scores, HIDDEN).softmax(-1)
    mixed: Tensor = attention.o_proj(merge_heads(torch.matmul(weights, value)))
    return mixed


def _shifted(scores: Tensor) -> Tensor:
    """Scores by distance [rows, H, n, 2 n - 1] to scores by key: row i begins n - 1 - i places further right."""
    rows, heads, frames, width = scores.shape
    skewed = nn.functional.pad(scores, (1, 0)).reshape(rows, heads, width + 1, frames)
    return skewed[:, :, 1:].reshape(rows, heads, frames, width)[..., :frames]


def _convolve(conv: Any, states: Tensor, exists: Tensor) -> Tensor:
    """Gate, depthwise convolution over what exists, norm; pointwise convolutions as matrix products."""
    gated = nn.functional.glu(_pointwise(conv.pointwise_conv1, states), dim=-1)
    kept = torch.where(exists[:, :, None], gated, 0.0).transpose(1, 2)
    mixed = conv.activation(conv.norm(conv.depthwise_conv(kept))).transpose(1, 2)
    return _pointwise(conv.pointwise_conv2, mixed)


def _pointwise(conv: nn.Conv1d, states: Tensor) -> Tensor:
    return nn.functional.linear(states, conv.weight[:, :, 0], conv.bias)

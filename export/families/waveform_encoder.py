"""Stage `encoder` of wav2vec2 and HuBERT: convolutions over the waveform, then a transformer.

Transformers' own batches let padding leak: the group norm of the first convolution averages over it. Here every row
is what transformers computes for that recording alone.
"""

from typing import Any

import torch
from torch import Tensor, nn

from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.families.masks import existing, masked_moments
from speechtrt.export.state_io import HIDDEN

_VARIANCE_GUARD = 1e-7  # of the library's feature extractor


class WaveformEncoder(nn.Module):
    """`base` is the library's Wav2Vec2Model or HubertModel, `head` its classifier; `normalise` the samples first."""

    def __init__(self, base: Any, head: nn.Module, normalise: bool) -> None:
        super().__init__()
        config = base.config
        self.normalise = normalise
        self.stable = bool(config.do_stable_layer_norm)
        self.convolutions = base.feature_extractor.conv_layers
        self.project = base.feature_projection
        self.positions = _Positions(base.encoder.pos_conv_embed)
        self.norm = base.encoder.layer_norm
        self.layers = base.encoder.layers
        self.head = head

    def forward(self, pcm: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """`pcm` [rows, time] of which `samples` [rows] exist."""
        states, count = self._listen(self._prepared(pcm, samples)[:, None, :], samples)
        projected: Any = self.project(states.transpose(1, 2))
        hidden = projected[0] if isinstance(projected, tuple) else projected  # wav2vec2 returns both sides of it
        exists = existing(count, hidden.shape[1])
        hidden = torch.where(exists[:, :, None], hidden, 0.0)
        hidden = hidden + self.positions(hidden, exists)
        if not self.stable:
            hidden = self.norm(hidden)
        for layer in self.layers:
            hidden = self._layer(layer, hidden, exists[:, None, None, :])
        if self.stable:
            hidden = self.norm(hidden)
        log_probs = self.head(hidden).log_softmax(-1)
        return torch.where(exists[:, :, None], log_probs, 0.0), count

    def _prepared(self, pcm: Tensor, samples: Tensor) -> Tensor:
        """Zero mean and unit variance over what exists, zeros behind."""
        exists = existing(samples, pcm.shape[1])
        if self.normalise:
            mean, variance = masked_moments(pcm, exists, samples[:, None])
            pcm = (pcm - mean) / torch.sqrt(variance + _VARIANCE_GUARD)
        return torch.where(exists, pcm, 0.0)

    def _listen(self, states: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
        """Convolutions without padding: a frame that exists never hears one that does not."""
        for layer in self.convolutions:
            conv = layer.conv
            count = (count - conv.kernel_size[0]) // conv.stride[0] + 1
            norm = getattr(layer, "layer_norm", None)
            if isinstance(norm, nn.GroupNorm):
                states = layer.activation(_channel_norm(norm, conv(states), count))
            else:
                states = layer(states)
        return states, count

    def _layer(self, layer: Any, states: Tensor, visible: Tensor) -> Tensor:
        """Norms before each half (`stable`) or after it."""
        if not self.stable:
            states = layer.layer_norm(states + _attend(layer.attention, states, visible))
            normed: Tensor = layer.final_layer_norm(states + layer.feed_forward(states))
            return normed
        states = states + _attend(layer.attention, layer.layer_norm(states), visible)
        states = states + layer.feed_forward(layer.final_layer_norm(states))
        return states if layer.adapter_layer is None else states + layer.adapter_layer(states)


def _channel_norm(norm: nn.GroupNorm, states: Tensor, count: Tensor) -> Tensor:
    """Group norm with one channel per group, over the frames that exist."""
    exists = existing(count, states.shape[2])[:, None, :]
    mean, variance = masked_moments(states, exists, count[:, None, None])
    return (states - mean) / torch.sqrt(variance + norm.eps) * norm.weight[:, None] + norm.bias[:, None]


def _attend(attention: Any, states: Tensor, visible: Tensor) -> Tensor:
    """Self-attention of `states` [rows, n, D] to the frames `visible` [rows, 1, 1, n]."""
    heads = attention.num_heads
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    query, key, value = (split_heads(project(states), heads) for project in projections)
    scores = torch.matmul(query * attention.scaling, key.transpose(2, 3))
    weights = torch.where(visible, scores, HIDDEN).softmax(-1)
    mixed: Tensor = attention.out_proj(merge_heads(torch.matmul(weights, value)))
    return mixed


class _Positions(nn.Module):
    """The convolution that tells frames where they are; its weight norm is folded."""

    def __init__(self, embedding: Any) -> None:
        super().__init__()
        conv = embedding.conv
        self.weight = nn.Parameter(conv.weight.detach().clone())
        self.bias = nn.Parameter(conv.bias.detach().clone())
        self.padding, self.groups = conv.padding[0], conv.groups
        self.surplus = embedding.padding.num_pad_remove
        self.norm = getattr(embedding, "batch_norm", None)
        self.activation = embedding.activation

    def forward(self, states: Tensor, exists: Tensor) -> Tensor:
        """`states` [rows, n, D], zero where nothing `exists` [rows, n]."""
        if self.norm is not None:
            states = torch.where(exists[:, :, None], self.norm(states.transpose(1, 2)).transpose(1, 2), 0.0)
        padding = (self.padding, self.padding - self.surplus)
        padded = nn.functional.pad(states.transpose(1, 2), padding)
        mixed = nn.functional.conv1d(padded, self.weight, self.bias, groups=self.groups)
        answer: Tensor = self.activation(mixed).transpose(1, 2)
        return answer

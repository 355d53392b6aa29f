"""One chunk of a streaming CTC model as NeMo exports it: features in, and three stacked caches.

A chunk re-reads `OVERLAP` mel frames of the chunk before, so that the subsampling needs no cache; the first `DROPPED`
encoder frames are made of the overlap alone and are dropped. Attention caches its inputs, not keys and values.
"""

from typing import Any

import torch
from torch import Tensor, nn

from speechtrt.export.families.fastconformer_layer import convolve
from speechtrt.export.families.fastconformer_step import past_frames
from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.state_io import HIDDEN
from speechtrt.models.ctc import FastConformerCtc

OVERLAP = 9  # mel frames
DROPPED = 2  # encoder frames


class NemoBlock(nn.Module):
    """Half feed-forward, attention to the cached and the new frames, causal convolution, half feed-forward."""

    def __init__(self, block: Any, positions: Tensor) -> None:
        super().__init__()
        self.block = block
        attention = block.self_attn
        folded = attention.relative_k_proj(positions).detach()  # [distances, heads * dim]
        heads = attention.bias_u.shape[0]
        self.register_buffer("positions", folded.view(len(folded), heads, -1).permute(1, 2, 0).contiguous())

    def forward(self, states: Tensor, visible: Tensor, past: Tensor, conv: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """`states` [slots, n, D]; `visible` [slots, 1, 1, past + n] bool; `past` [slots, past, D]."""
        block: Any = self.block
        states = states + 0.5 * block.feed_forward1(block.norm_feed_forward1(states))
        heard = torch.cat([past, block.norm_self_att(states)], dim=1)
        states = states + self._attend(heard, states.shape[1], visible)
        mixed, conv = convolve(block.conv, block.norm_conv(states), conv)
        states = states + mixed
        states = states + 0.5 * block.feed_forward2(block.norm_feed_forward2(states))
        return block.norm_out(states), heard[:, -past.shape[1] :], conv

    def _attend(self, heard: Tensor, frames: int, visible: Tensor) -> Tensor:
        """Transformer-XL attention of the last `frames` frames to all that is heard."""
        attention: Any = self.block.self_attn
        heads = attention.bias_u.shape[0]
        query = split_heads(attention.q_proj(heard[:, -frames:]), heads)
        keys, values = (split_heads(project(heard), heads) for project in (attention.k_proj, attention.v_proj))
        content = torch.matmul(query + attention.bias_u[:, None], keys.transpose(2, 3))  # [slots, H, n, past + n]
        distance = torch.matmul(query + attention.bias_v[:, None], self.get_buffer("positions"))
        scores = (content + _shifted(distance, keys.shape[2])) * attention.scaling
        weights = torch.where(visible, scores, HIDDEN).softmax(-1)
        attended: Tensor = attention.o_proj(merge_heads(torch.matmul(weights, values)))
        return attended


class NemoStep(nn.Module):
    """Raw log-mel features of a chunk to the log-probabilities of its encoder frames."""

    def __init__(self, model: FastConformerCtc, frames: int) -> None:
        super().__init__()
        encoder: Any = model.encoder
        self.frames = frames
        self.past = past_frames(model)
        self.offset, self.scale = model.config.feature_offset, model.config.feature_scale
        self.factor = model.config.encoder.subsampling_factor
        self.subsampling = encoder.subsampling
        self.input_scale = encoder.input_scale
        positions = _positions(encoder, self.past + frames, frames)
        self.blocks = nn.ModuleList(NemoBlock(layer, positions) for layer in encoder.layers)
        self.head = model.head

    def forward(
        self, audio_signal: Tensor, length: Tensor, channel: Tensor, time: Tensor, channel_len: Tensor
    ) -> tuple[Tensor, ...]:
        """`audio_signal` [slots, mels, window], of which `length` frames exist; `channel` [slots, layers, past, D];

        `time` [slots, layers, D, kernel - 1]; `channel_len` [slots].
        """
        states = self._subsample(audio_signal, length)
        count = self._encoded(length)
        visible = self._visible(count, channel_len)
        channels, times = [], []
        for index, block in enumerate(self.blocks):
            states, heard, conv = block(states, visible, channel[:, index], time[:, index])
            channels.append(heard)
            times.append(conv)
        logits = nn.functional.linear(states, self.head.weight[:, :, 0], self.head.bias)
        carried = (channel_len + self.frames).clamp(max=self.past)
        return logits.log_softmax(-1), count, torch.stack(channels, 1), torch.stack(times, 1), carried

    def _subsample(self, audio_signal: Tensor, length: Tensor) -> Tensor:
        """Standardised features to encoder frames [slots, n, D]."""
        exists = torch.arange(audio_signal.shape[2], device=length.device) < length[:, None]
        features = (audio_signal.transpose(1, 2) + self.offset) / self.scale
        kept = torch.where(exists[:, :, None], features, 0.0)
        states: Tensor = self.subsampling(kept, exists)[:, DROPPED:] * self.input_scale
        return states

    def _encoded(self, length: Tensor) -> Tensor:
        """Encoder frames of `length` mel frames: each stage halves, n // 2 + 1."""
        count = (length + 2 * (self.factor - 1)) // self.factor
        return (count - DROPPED).clamp(0, self.frames)

    def _visible(self, count: Tensor, channel_len: Tensor) -> Tensor:
        """The newest `channel_len` cached frames and the first `count` new ones."""
        place = torch.arange(self.past + self.frames, device=count.device)
        visible = (place >= self.past - channel_len[:, None]) & (place < self.past + count[:, None])
        return visible[:, None, None, :]


def _shifted(scores: Tensor, keys: int) -> Tensor:
    """Scores by distance [slots, H, n, keys + n - 1] to scores by key: row i begins n - 1 - i places further right."""
    slots, heads, frames, width = scores.shape
    skewed = nn.functional.pad(scores, (1, 0)).view(slots, heads, width + 1, frames)
    return skewed[:, :, 1:].view(slots, heads, frames, width)[..., :keys]


def _positions(encoder: Any, keys: int, frames: int) -> Tensor:
    """Encodings [keys + frames - 1, D] of distances from keys - 1 down to -(frames - 1)."""
    table: Tensor = encoder.encode_positions(torch.zeros(1, keys, 1))[0]  # down to -(keys - 1)
    return table[: keys + frames - 1]

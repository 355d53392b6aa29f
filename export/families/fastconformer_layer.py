"""One FastConformer block over a chunk, with its ring of keys and values and its convolution cache."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.state_io import HIDDEN, write_rows


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chunk stands: its write position, which keys it sees, how far each is, and which rows are fresh."""

    write_pos: Tensor  # [slots] int64
    visible: Tensor  # [slots, 1, 1, ring] bool
    distance: Tensor  # [slots, 1, n, ring] int64, index into the folded positions
    fresh: Tensor  # [slots] bool


class Block(nn.Module):
    """Half feed-forward, attention over the ring, causal convolution, half feed-forward."""

    def __init__(self, block: Any, positions: Tensor) -> None:
        super().__init__()
        self.block = block
        attention = block.self_attn
        folded = attention.relative_k_proj(positions)  # [distances, heads * dim]
        heads = attention.bias_u.shape[0]
        self.register_buffer("positions", folded.detach().view(len(folded), heads, -1).permute(1, 2, 0).contiguous())

    def forward(
        self, states: Tensor, place: Place, keys: Tensor, values: Tensor, conv: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """`states` [slots, n, D]; `keys`, `values` [slots, H, ring, dh]; `conv` [slots, D, kernel - 1]."""
        block: Any = self.block
        states = states + 0.5 * block.feed_forward1(block.norm_feed_forward1(states))
        attended, keys, values = self._attend(block.norm_self_att(states), place, keys, values)
        states = states + attended
        past = torch.where(place.fresh[:, None, None], 0.0, conv)
        mixed, conv = convolve(block.conv, block.norm_conv(states), past)
        states = states + mixed
        states = states + 0.5 * block.feed_forward2(block.norm_feed_forward2(states))
        return block.norm_out(states), keys, values, conv

    def _attend(self, states: Tensor, place: Place, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Transformer-XL attention: content scores plus scores of the distance, read from a folded table."""
        attention: Any = self.block.self_attn
        heads = attention.bias_u.shape[0]
        query = split_heads(attention.q_proj(states), heads)
        keys = write_rows(keys, split_heads(attention.k_proj(states), heads), place.write_pos)
        values = write_rows(values, split_heads(attention.v_proj(states), heads), place.write_pos)
        content = torch.matmul(query + attention.bias_u[:, None], keys.transpose(2, 3))  # [slots, H, n, ring]
        by_distance = torch.matmul(query + attention.bias_v[:, None], self.get_buffer("positions"))
        distance = place.distance.expand(-1, heads, -1, -1)
        scores = (content + torch.gather(by_distance, 3, distance)) * attention.scaling
        weights = torch.where(place.visible, scores, HIDDEN).softmax(-1)
        return attention.o_proj(merge_heads(torch.matmul(weights, values))), keys, values


def convolve(conv: Any, states: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
    """Gate, causal depthwise convolution over [past, chunk], norm; pointwise convolutions as matrix products."""
    gated = nn.functional.glu(_pointwise(conv.pointwise_conv1, states), dim=-1).transpose(1, 2)  # [slots, D, n]
    joined = torch.cat([past, gated], dim=2)
    depthwise = conv.depthwise_conv
    mixed = nn.functional.conv1d(joined, depthwise.weight, depthwise.bias, groups=depthwise.groups)
    activated = conv.activation(conv.norm(mixed.transpose(1, 2)))
    return _pointwise(conv.pointwise_conv2, activated), joined[:, :, -past.shape[2] :]


def _pointwise(conv: nn.Conv1d, states: Tensor) -> Tensor:
    return nn.functional.linear(states, conv.weight[:, :, 0], conv.bias)

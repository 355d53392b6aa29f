"""Stage `encoder` of SpeechT5: text to the cross-attention memory of every decoder layer."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import SpeechT5ForTextToSpeech

from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.state_io import HIDDEN


class TextEncoder(nn.Module):
    """Tokens to cross K/V and the speaker's half of the decoder prenet's last layer."""

    def __init__(self, model: SpeechT5ForTextToSpeech) -> None:
        super().__init__()
        encoder: Any = model.speecht5.encoder
        decoder: Any = model.speecht5.decoder
        self.prenet = encoder.prenet
        self.norm = encoder.wrapped_encoder.layer_norm
        self.distances = encoder.wrapped_encoder.embed_positions
        self.layers = encoder.wrapped_encoder.layers
        self.memories = nn.ModuleList(layer.encoder_attn for layer in decoder.wrapped_decoder.layers)
        self.speaker = _SpeakerBias(decoder.prenet.speaker_embeds_layer, model.config.hidden_size)

    def forward(self, tokens: Tensor, text_mask: Tensor, speaker: Tensor) -> tuple[Tensor, ...]:
        """`tokens` [rows, text] int64, `text_mask` [rows, text] bool, `speaker` [rows, dim]."""
        states = self.norm(self.prenet(tokens))
        distances = self.distances(states)  # [text, text, dh]
        for layer in self.layers:
            attended = _attention(layer.attention, states, distances, text_mask)
            states = layer.layer_norm(states + attended)
            states = layer.final_layer_norm(states + layer.feed_forward(states))
        keys_values = [_project(memory, states) for memory in self.memories]
        return (*(tensor for pair in keys_values for tensor in pair), self.speaker(speaker))


def _attention(attention: Any, states: Tensor, distances: Tensor, text_mask: Tensor) -> Tensor:
    """Self-attention with a learned bias per distance, added to the content scores."""
    heads = attention.num_heads
    query = split_heads(attention.q_proj(states) * attention.scaling, heads)
    key = split_heads(attention.k_proj(states), heads)
    value = split_heads(attention.v_proj(states), heads)
    bias = torch.matmul(query.permute(2, 0, 1, 3).flatten(1, 2), distances.transpose(1, 2))  # [text, rows*heads, text]
    scores = torch.matmul(query, key.transpose(2, 3))
    scores = scores + bias.transpose(0, 1).reshape(scores.shape)
    scores = torch.where(text_mask[:, None, None, :], scores, HIDDEN)
    mixed: Tensor = attention.out_proj(merge_heads(torch.matmul(scores.softmax(-1), value)))
    return mixed


def _project(memory: Any, states: Tensor) -> tuple[Tensor, Tensor]:
    heads = memory.num_heads
    return split_heads(memory.k_proj(states), heads), split_heads(memory.v_proj(states), heads)


class _SpeakerBias(nn.Module):
    """The decoder concatenates [prenet, speaker] before a linear layer; this is the speaker's part of that product."""

    def __init__(self, layer: nn.Linear, width: int) -> None:
        super().__init__()
        self.part = nn.Linear(layer.in_features - width, layer.out_features)
        self.part.weight = nn.Parameter(layer.weight[:, width:].detach().clone())
        self.part.bias = nn.Parameter(layer.bias.detach().clone())

    def forward(self, speaker: Tensor) -> Tensor:
        bias: Tensor = self.part(nn.functional.normalize(speaker))
        return bias

"""Stage `decoder` of SpeechT5: one step of every active slot, with its caches as inputs and outputs."""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import SpeechT5ForTextToSpeech

from speechtrt.export.families.heads import merge_heads, split_heads
from speechtrt.export.state_io import attend, write_rows


class DecoderStep(nn.Module):
    """Last frame of every slot to its next frames; self-attention caches are written at `position`."""

    def __init__(self, model: SpeechT5ForTextToSpeech) -> None:
        super().__init__()
        decoder: Any = model.speecht5.decoder
        self.prenet = _Prenet(decoder.prenet, model.config.hidden_size)
        self.layers = nn.ModuleList(_Layer(layer) for layer in decoder.wrapped_decoder.layers)
        self.feat_out = model.speech_decoder_postnet.feat_out
        self.prob_out = model.speech_decoder_postnet.prob_out
        self.mels = model.config.num_mel_bins

    def forward(
        self, frame: Tensor, position: Tensor, dropout: Tensor, text_mask: Tensor, speaker_bias: Tensor, *caches: Tensor
    ) -> tuple[Tensor, ...]:
        """`caches`: self K/V of every layer [slots, H, max_len, dh], then cross K/V [slots, H, text_len, dh]."""
        layers = len(self.layers)
        own, cross = caches[: 2 * layers], caches[2 * layers :]
        times = torch.arange(own[0].shape[2], device=frame.device)
        heard = (times <= position[:, None])[:, None, None, :]  # [slots, 1, 1, max_len]
        read = _never_empty(text_mask)[:, None, None, :]  # [slots, 1, 1, text_len]
        states = self.prenet(frame, position, dropout, speaker_bias)[:, None, :]  # [slots, 1, D]
        written: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            pair = slice(2 * index, 2 * index + 2)
            states, keys, values = layer(states, position, heard, read, *own[pair], *cross[pair])
            written += [keys, values]
        states = states[:, 0]
        frames = self.feat_out(states).view(states.shape[0], -1, self.mels)  # [slots, r, M]
        return (frames, torch.sigmoid(self.prob_out(states)), *written)


def _never_empty(text_mask: Tensor) -> Tensor:
    """An idle slot masks its whole text; attending to nothing would fill its caches with NaN, for good."""
    return text_mask | (torch.arange(text_mask.shape[1], device=text_mask.device) == 0)


class _Prenet(nn.Module):
    """The speech prenet with its always-active dropout as an input, and the speaker's part precomputed."""

    def __init__(self, prenet: Any, width: int) -> None:
        super().__init__()
        self.layers = prenet.layers
        self.final_layer = prenet.final_layer
        self.register_buffer("positions", (prenet.encode_positions.alpha * prenet.encode_positions.pe[0]).detach())
        joint = prenet.speaker_embeds_layer
        self.joint = nn.Linear(width, joint.out_features, bias=False)
        self.joint.weight = nn.Parameter(joint.weight[:, :width].detach().clone())

    def forward(self, frame: Tensor, position: Tensor, dropout: Tensor, speaker_bias: Tensor) -> Tensor:
        states = frame  # [slots, M]
        for index, layer in enumerate(self.layers):
            states = torch.relu(layer(states)) * dropout[:, index]
        states = self.final_layer(states) + nn.functional.embedding(position, self.get_buffer("positions"))
        return torch.relu(self.joint(states) + speaker_bias)


class _Layer(nn.Module):
    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer = layer

    def forward(
        self,
        states: Tensor,
        position: Tensor,
        heard: Tensor,
        read: Tensor,
        self_k: Tensor,
        self_v: Tensor,
        cross_k: Tensor,
        cross_v: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        layer: Any = self.layer
        own, cross = layer.self_attn, layer.encoder_attn
        keys = write_rows(self_k, split_heads(own.k_proj(states), own.num_heads), position)
        values = write_rows(self_v, split_heads(own.v_proj(states), own.num_heads), position)
        states = layer.self_attn_layer_norm(states + _attend(own, states, keys, values, heard))
        states = layer.encoder_attn_layer_norm(states + _attend(cross, states, cross_k, cross_v, read))
        states = layer.final_layer_norm(states + layer.feed_forward(states))
        return states, keys, values


def _attend(attention: Any, states: Tensor, keys: Tensor, values: Tensor, visible: Tensor) -> Tensor:
    query = split_heads(attention.q_proj(states), attention.num_heads)
    mixed: Tensor = attention.out_proj(merge_heads(attend(query, keys, values, visible, attention.scaling)))
    return mixed

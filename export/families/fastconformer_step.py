"""Stage `step_*` of the streaming CTC model: one chunk of every active stream."""

from typing import Any

import torch
from torch import Tensor, nn

from speechtrt.export.families.fastconformer_features import Features, Window
from speechtrt.export.families.fastconformer_layer import Block, Place
from speechtrt.export.families.fastconformer_subsampling import Subsampling
from speechtrt.models.ctc import FastConformerCtc


class ChunkStep(nn.Module):
    """A window of PCM to the log-probabilities of its encoder frames, with all history in explicit caches."""

    def __init__(self, model: FastConformerCtc, window: Window) -> None:
        super().__init__()
        encoder: Any = model.encoder
        self.frames = window.frames
        self.factor = window.factor
        self.past = past_frames(model)
        self.ring = self.past + window.frames
        self.features = Features(model.config, window)
        self.subsampling = Subsampling(encoder.subsampling, encoder.input_scale)
        positions = _positions(encoder, self.ring, window.frames)
        self.blocks = nn.ModuleList(Block(layer, positions) for layer in encoder.layers)
        self.head = model.head

    def forward(
        self, pcm: Tensor, samples: Tensor, cache_len: Tensor, write_pos: Tensor, *caches: Tensor
    ) -> tuple[Tensor, ...]:
        """`caches`: k, v, conv of every layer, then the subsampling's columns."""
        fresh = cache_len == 0
        valid = self.features.valid_frames(samples)
        count = ((valid + self.factor - 1) // self.factor).clamp(
            0, self.frames
        )  # encoder frames of this chunk that are speech
        per_layer, columns = caches[: 3 * len(self.blocks)], caches[3 * len(self.blocks) :]
        states, carried = self.subsampling(self.features(pcm, samples), valid, fresh, columns)
        place = self._place(cache_len, write_pos, count, fresh)
        written: list[Tensor] = []
        for index, block in enumerate(self.blocks):
            states, *updated = block(states, place, *per_layer[3 * index : 3 * index + 3])
            written += updated
        logits = nn.functional.linear(states, self.head.weight[:, :, 0], self.head.bias)
        length = (cache_len + self.frames).clamp(max=self.past)
        position = (write_pos + self.frames) % self.ring
        return (logits.log_softmax(-1), count, length, position, *written, *carried)

    def _place(self, cache_len: Tensor, write_pos: Tensor, count: Tensor, fresh: Tensor) -> Place:
        """Ages count back from the chunk's last frame: its own n frames come first, then the past ones."""
        n = self.frames
        slots = torch.arange(self.ring, device=write_pos.device)
        age = (write_pos[:, None] + (self.ring + n - 1) - slots) % self.ring  # [slots, ring]
        visible = ((age < n) & (n - 1 - age < count[:, None])) | ((age >= n) & (age - n < cache_len[:, None]))
        distance = age[:, None, :] + torch.arange(n, device=age.device)[:, None]  # [slots, n, ring]
        return Place(write_pos, visible[:, None, None, :], distance[:, None], fresh)


def past_frames(model: FastConformerCtc) -> int:
    """Encoder frames of the past that a frame attends to."""
    return int(model.config.encoder.sliding_window) - 1


def _positions(encoder: Any, ring: int, frames: int) -> Tensor:
    """Encodings [ring + frames - 1, D] of distances from -(frames - 1) to ring - 1, nearest future first."""
    table: Tensor = encoder.encode_positions(torch.zeros(1, ring, 1))[0]  # distances ring - 1 down to -(ring - 1)
    return table.flip(0)[ring - frames :]

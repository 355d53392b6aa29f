"""Streams through a stage in NeMo's layout against transformers' offline forward of the same features."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speechtrt.bundle import ParityRow
from speechtrt.export.families.base import Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.fastconformer_step import past_frames
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.step import DROPPED
from speechtrt.export.nemo.streams import Floats, stream_features
from speechtrt.export.parity import JUNK, compare
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig
from speechtrt.models.ctc_features import feature_extractor
from speechtrt.specs import StageSpec


def nemo_parity(model: FastConformerCtc, runner: Runner, stage: StageSpec, metadata: NemoMetadata) -> ParityRow:
    """Log-probabilities of streams of several lengths, in rows of different ages."""
    features = _features(model, metadata)
    found = stream_features(runner, stage, metadata, features, JUNK)
    expected = [_offline(model, mel, metadata.frames - 1) for mel in features]
    pairs = [(mine, whole[: len(mine)]) for mine, whole in zip(found, expected, strict=True)]
    return compare(stage.name, f"log-probabilities of {len(pairs)} streams in NeMo's layout", pairs)


def log_mel(config: FastConformerCtcConfig, audio: Floats) -> Floats:
    """Features [frames, mels] of `audio` as transformers' extractor computes them, not standardised."""
    batch = feature_extractor(config)(audio, sampling_rate=config.sample_rate, return_tensors="np")
    mel: Floats = batch["input_features"][0][: int(batch["attention_mask"].sum())]
    return mel


def _features(model: FastConformerCtc, metadata: NemoMetadata) -> list[Floats]:
    """One that outlasts the attention cache, one that ends with a chunk, and one that ends within one."""
    window, shift = metadata.window_size, metadata.chunk_shift
    longest = past_frames(model) // metadata.frames + 3
    ends = (longest * shift + window, 3 * shift + window, 2 * shift + window - 2 * metadata.subsampling_factor - 3)
    config = model.config
    sounds = recordings(config.sample_rate, ends[0] * config.hop / config.sample_rate)
    return [log_mel(config, sound)[:end] for sound, end in zip(sounds, ends, strict=False)]


@torch.no_grad()
def _offline(model: FastConformerCtc, mel: Floats, lookahead: int) -> Floats:
    """Log-probabilities of all frames that a stream in this layout gives out: it never has the first ones."""
    with _first_frames_dropped(model):
        lengths = torch.tensor([len(mel)])
        log_probs: Floats = model(torch.from_numpy(np.array(mel))[None], lengths, lookahead)[0].numpy()
    return log_probs


class _Dropping(nn.Module):
    def __init__(self, subsampling: nn.Module) -> None:
        super().__init__()
        self.whole = subsampling

    def forward(self, features: Tensor, mask: Tensor, padding_cache: Any = None) -> Tensor:
        states: Tensor = self.whole(features, mask, padding_cache)
        return states[:, DROPPED:]


@contextmanager
def _first_frames_dropped(model: FastConformerCtc) -> Iterator[None]:
    """While the block runs, the encoder's layers do not see the first encoder frames."""
    encoder: Any = model.encoder
    whole = encoder.subsampling
    encoder.subsampling = _Dropping(whole)
    try:
        yield
    finally:
        encoder.subsampling = whole

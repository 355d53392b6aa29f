"""Hear what was said: the reference CTC model as a listener that writes down samples."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from speechtrt.audio import Audio
from speechtrt.models.ctc import FastConformerCtc, load_ctc
from speechtrt.models.ctc_training.decode import transcribe_features
from speechtrt.models.ctc_training.features import LogMel
from speechtrt.models.tokenizer import PieceTokenizer, load_tokenizer
from speechtrt.models.vocoder.mel import SAMPLE_RATE


class Ear(Protocol):
    """Whoever writes down what is said."""

    @property
    def name(self) -> str:
        """Who it is."""

    def write_down(self, recordings: Sequence[Tensor]) -> list[str]:
        """The text heard in each recording, samples [n] in [-1, 1] at 16 kHz."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A CTC model, its pieces and features, decoding greedily with its largest look-ahead."""

    name: str
    model: FastConformerCtc
    tokenizer: PieceTokenizer
    features: LogMel

    @torch.no_grad()
    def write_down(self, recordings: Sequence[Tensor]) -> list[str]:
        """The text heard in each recording, samples [n] in [-1, 1] at 16 kHz."""
        audios = [Audio(samples.numpy().astype(np.float32), SAMPLE_RATE) for samples in recordings]
        features = [self.features(audio).numpy().astype(np.float16) for audio in audios]
        return transcribe_features(self.model, self.tokenizer, features, max(self.model.config.lookaheads))


def load_listener(folder: Path) -> Listener:
    """The listener of a CTC checkpoint. Raises CheckpointError."""
    model = load_ctc(folder)
    return Listener(folder.resolve().name, model, load_tokenizer(folder), LogMel(model.config))

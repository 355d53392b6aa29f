"""Greedy CTC decoding of features."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.features import Frames
from speechtrt.models.tokenizer import PieceTokenizer

ROWS = 25


def greedy_ids(log_probs: Tensor, blank: int) -> list[int]:
    """Labels of one row [frames, V + 1]: best per frame, repeats merged, blanks dropped."""
    best = torch.unique_consecutive(log_probs.argmax(-1))
    return [int(label) for label in best if label != blank]


def transcribe_features(
    model: FastConformerCtc, tokenizer: PieceTokenizer, features: Sequence[Frames], lookahead: int
) -> list[str]:
    """Greedy text of each item of `features` [frames, mels], computed offline with the lookahead's mask."""
    return [
        tokenizer.decode(ids)
        for start in range(0, len(features), ROWS)
        for ids in _decode_rows(model, features[start : start + ROWS], lookahead)
    ]


@torch.no_grad()
def _decode_rows(model: FastConformerCtc, features: Sequence[Frames], lookahead: int) -> list[list[int]]:
    device = next(model.parameters()).device
    lengths = torch.tensor([len(item) for item in features], device=device)
    rows = [torch.from_numpy(item.astype(np.float32)) for item in features]
    padded = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    log_probs = model(padded, lengths, lookahead)
    counts = model.output_lengths(lengths)
    return [greedy_ids(row[:count], model.config.blank) for row, count in zip(log_probs, counts, strict=True)]

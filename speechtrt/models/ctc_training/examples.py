"""Training examples: features, piece labels and, for flite, the phones of each encoder frame."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from speechtrt.models.ctc_training.features import FeatureSet, Frames
from speechtrt.models.tokenizer import PieceTokenizer

SILENCE = -16.635532  # log(2^-24), the log-mel of digital silence
NO_PHONE = -100  # the index that cross-entropy ignores
SUBSAMPLING = 8
PHONES_PER_FRAME = 2
MOST_PADDING = (24, 40)  # mel frames of silence put before and after: any phase of the chunks
# flite's phones (CMU set) with its silence
# fmt: off
PHONES = (
    "pau", "aa", "ae", "ah", "ao", "aw", "ax", "ay", "b", "ch", "d", "dh", "eh", "er", "ey", "f", "g", "hh",
    "ih", "iy", "jh", "k", "l", "m", "n", "ng", "ow", "oy", "p", "r", "s", "sh", "t", "th", "uh", "uw", "v",
    "w", "y", "z", "zh",
)
# fmt: on
_PHONE_IDS = {phone: index for index, phone in enumerate(PHONES)}


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows padded to the longest: log-mel, its lengths, labels, their lengths, and phones of the encoder frames."""

    features: Tensor  # [rows, frames, mels] float32
    lengths: Tensor  # [rows]
    labels: Tensor  # [all labels]
    label_lengths: Tensor  # [rows]
    phones: Tensor  # [rows, frames', PHONES_PER_FRAME], NO_PHONE where not known


@dataclass(frozen=True, slots=True)
class Example:
    """One utterance, as the trainer needs it."""

    features: Frames
    labels: tuple[int, ...]
    phones: tuple[tuple[str, float], ...] | None


class Examples:
    """The examples of several sets, and how they are put in batches."""

    def __init__(self, sets: Sequence[FeatureSet], tokenizer: PieceTokenizer) -> None:
        self._examples = [
            Example(part.features(index), tuple(tokenizer.encode(utterance.text)), utterance.phones)
            for part in sets
            for index, utterance in enumerate(part.utterances)
        ]

    def __len__(self) -> int:
        return len(self._examples)

    def buckets(self, rows: int, seed: int, epoch: int) -> list[list[int]]:
        """Batches of `rows` indices of like length, in random order; the same for the same arguments."""
        rng = random.Random(f"{seed}:{epoch}")
        order = sorted(range(len(self)), key=lambda i: len(self._examples[i].features) * rng.uniform(0.9, 1.1))
        batches = [order[start : start + rows] for start in range(0, len(order), rows)]
        rng.shuffle(batches)
        return batches

    def batch(self, indices: Sequence[int], padding: Sequence[tuple[int, int]]) -> Batch:
        """The examples `indices`, each with (before, after) frames of silence around it."""
        chosen = [self._examples[index] for index in indices]
        lengths = [before + len(e.features) + after for e, (before, after) in zip(chosen, padding, strict=True)]
        features = np.full((len(chosen), max(lengths), chosen[0].features.shape[1]), SILENCE, dtype=np.float32)
        phones = np.full((len(chosen), encoder_frames(max(lengths)), PHONES_PER_FRAME), NO_PHONE, dtype=np.int64)
        for row, (example, (before, _)) in enumerate(zip(chosen, padding, strict=True)):
            features[row, before : before + len(example.features)] = example.features
            if example.phones is not None:
                count = encoder_frames(lengths[row])
                phones[row, :count] = frame_phones(example.phones, count, before)
        return Batch(
            torch.from_numpy(features),
            torch.tensor(lengths),
            torch.tensor([label for e in chosen for label in e.labels]),
            torch.tensor([len(e.labels) for e in chosen]),
            torch.from_numpy(phones),
        )


def encoder_frames(frames: int) -> int:
    """Encoder frames for `frames` mel frames: three stages of `n // 2 + 1`."""
    for _ in range(3):
        frames = frames // 2 + 1
    return frames


def frame_phones(phones: Sequence[tuple[str, float]], count: int, before: int) -> npt.NDArray[np.int64]:
    """Phone ids [count, 2] at two instants of each encoder frame; frame t ends at mel frame 8 t (10 ms each)."""
    ends = np.array([end for _, end in phones])
    ids = np.array([_PHONE_IDS[name] for name, _ in phones] + [_PHONE_IDS["pau"]])
    mel = SUBSAMPLING * np.arange(count)[:, None] - np.array([6, 2])  # [count, 2]
    seconds = (mel - before) * 0.01
    found = ids[np.searchsorted(ends, seconds, side="right")]
    return np.where(seconds < 0, _PHONE_IDS["pau"], found)

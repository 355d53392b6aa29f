"""Recordings in which a hair decides between two labels: sherpa-onnx may read those differently.

Its mel frames are kaldi's, whose logarithm stops at a floor where NeMo's has a guard inside.
"""

from dataclasses import dataclass

import numpy as np
import torch

from speechtrt.audio import Samples
from speechtrt.export.families.mel import GUARD
from speechtrt.export.nemo.parity import log_mel
from speechtrt.export.nemo.streams import Floats
from speechtrt.models.ctc import FastConformerCtc, load_ctc

FLOOR = 2.0**-23  # kaldi takes no logarithm of less
NEAR = 0.1  # nats


@dataclass(frozen=True, slots=True)
class FindNearTies:
    """Looks for them with the model of `checkpoint` offline in PyTorch, in a process of its own."""

    checkpoint: str
    frames: int  # encoder frames of a chunk
    recordings: tuple[Samples, ...]

    def __call__(self, _workload: object) -> list[bool]:
        """For every recording, whether it is one. Raises CheckpointError."""
        network = load_ctc(self.checkpoint)
        return [near_tie(network, samples, self.frames) for samples in self.recordings]


def near_tie(network: FastConformerCtc, samples: Samples, frames: int) -> bool:
    """Whether in some frame the two best labels are no further apart than the floor moves both, and NEAR."""
    mel = log_mel(network.config, samples)
    own, floored = _log_probs(network, mel, frames), _log_probs(network, with_floor(mel), frames)
    best = np.argsort(own, axis=1)[:, -2:]
    likely, moved = (np.take_along_axis(found, best, axis=1) for found in (own, own - floored))  # [frames, 2]
    return bool((np.diff(likely)[:, 0] <= np.abs(moved).sum(axis=1) + NEAR).any())


def with_floor(mel: Floats) -> Floats:
    """Log-mel frames with NeMo's guard inside the logarithm, as kaldi has them."""
    floored: Floats = np.log(np.maximum(np.exp(mel.astype(np.float64)) - GUARD, FLOOR)).astype(np.float32)
    return floored


@torch.no_grad()
def _log_probs(network: FastConformerCtc, mel: Floats, frames: int) -> Floats:
    """[encoder frames, labels] of log-mel frames [frames, mels], all at once."""
    lengths = torch.tensor([len(mel)])
    log_probs: Floats = network(torch.from_numpy(mel)[None], lengths, frames - 1)[0].numpy()
    return log_probs[: int(network.output_lengths(lengths)[0])]

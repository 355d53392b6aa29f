"""Tables that turn PCM into log-mel features: windowed DFTs, and Slaney's filters."""

import numpy as np
import torch
from torch import Tensor
from transformers.audio_utils import mel_filter_bank

GUARD = 2.0**-24  # added before the logarithm, as NeMo does


def windowed_dft(size: int, width: int) -> Tensor:
    """Cosines and sines of a `size`-point DFT under a centred symmetric Hann window [size + 2, 1, width]."""
    bins = np.arange(size // 2 + 1)[:, None]
    times = np.arange(width)[None, :] + (size - width) // 2
    angle = 2 * np.pi * ((bins * times) % size) / size
    hann = torch.hann_window(width, periodic=False).numpy().astype(np.float64)
    table = np.concatenate([np.cos(angle), -np.sin(angle)]) * hann
    return torch.from_numpy(table[:, None, :].astype(np.float32))


def folded_dft(size: int, width: int) -> tuple[Tensor, Tensor]:
    """The same power spectrum from half as many products: cosines and sines [width / 2, size / 2 + 1] by which sums and
    differences of the samples that lie equally far from a frame's middle are multiplied. `width` must be even.
    """
    twice = 2 * np.arange(width // 2) + 1  # twice the distance from the middle
    angle = np.pi * (np.outer(twice, np.arange(size // 2 + 1)) % (2 * size)) / size
    hann = torch.hann_window(width, periodic=False).numpy().astype(np.float64)[width // 2 :, None]
    cosines, sines = (torch.from_numpy((hann * table).astype(np.float32)) for table in (np.cos(angle), np.sin(angle)))
    return cosines, sines


def mel_filters(size: int, bins: int, rate: int) -> Tensor:
    """Slaney filters [size / 2 + 1, bins]."""
    filters = mel_filter_bank(
        num_frequency_bins=size // 2 + 1,
        num_mel_filters=bins,
        min_frequency=0.0,
        max_frequency=rate / 2,
        sampling_rate=rate,
        norm="slaney",
        mel_scale="slaney",
        dtype=np.dtype(np.float32),
    )
    return torch.from_numpy(np.ascontiguousarray(filters))

"""PCM window -> standardised log-mel inside the graph, frame for frame what transformers' extractor computes."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from transformers.audio_utils import mel_filter_bank

from speechtrt.models.ctc import FastConformerCtcConfig

_GUARD = 2.0**-24  # added before the logarithm, as NeMo does


@dataclass(frozen=True, slots=True)
class Window:
    """Samples that a chunk of `frames` encoder frames reads: `size` of them, from `lead` before the chunk's start."""

    frames: int
    hop: int
    width: int
    factor: int

    @property
    def mels(self) -> int:
        """Mel frames in the window."""
        return self.frames * self.factor

    @property
    def lead(self) -> int:
        """Samples before the chunk's start: seven hops, half an STFT window, and one for the pre-emphasis."""
        return (self.factor - 1) * self.hop + self.width // 2 + 1

    @property
    def shift(self) -> int:
        """Samples from one chunk to the next."""
        return self.mels * self.hop

    @property
    def size(self) -> int:
        """Samples in the window."""
        return (self.mels - 1) * self.hop + self.width + 1


def window_of(config: FastConformerCtcConfig, frames: int) -> Window:
    """The window of a chunk of `frames` encoder frames."""
    return Window(frames, config.hop, config.window, config.encoder.subsampling_factor)


class Features(nn.Module):
    """Pre-emphasis, windowed DFT as a strided convolution, mel filters, logarithm, standardisation."""

    def __init__(self, config: FastConformerCtcConfig, window: Window) -> None:
        super().__init__()
        self.window = window
        self.preemphasis = config.preemphasis
        self.offset, self.scale = config.feature_offset, config.feature_scale
        self.register_buffer("transform", _windowed_dft(config.n_fft, config.window))
        self.register_buffer("filters", _mel_filters(config))

    def valid_frames(self, samples: Tensor) -> Tensor:
        """How many mel frames of the window are speech: frame t of a stream of N samples is, while t < N // hop."""
        window = self.window
        hops = -(-window.lead // window.hop)  # whole hops, so that nothing negative is divided
        return (samples + hops * window.hop - window.lead) // window.hop - hops + window.factor - 1

    def forward(self, pcm: Tensor, samples: Tensor) -> Tensor:
        """`pcm` [slots, window] of which `samples` [slots] exist -> [slots, mels, bins]; frames beyond are not zero."""
        exists = torch.arange(1, self.window.size, device=pcm.device) < samples[:, None]
        emphasised = pcm[:, 1:] - self.preemphasis * pcm[:, :-1]
        signal = torch.where(exists, emphasised, 0.0)[:, None, :]
        spectrum = nn.functional.conv1d(signal, self.get_buffer("transform"), stride=self.window.hop)
        real, imaginary = spectrum.chunk(2, dim=1)  # [slots, n_fft / 2 + 1, mels]
        power = (real * real + imaginary * imaginary).transpose(1, 2)
        mel = torch.matmul(power, self.get_buffer("filters"))
        return (torch.log(mel + _GUARD) + self.offset) / self.scale


def _windowed_dft(size: int, width: int) -> Tensor:
    """Cosines and sines of a `size`-point DFT under a centred symmetric Hann window [size + 2, 1, width]."""
    bins = np.arange(size // 2 + 1)[:, None]
    times = np.arange(width)[None, :] + (size - width) // 2
    angle = 2 * np.pi * ((bins * times) % size) / size
    hann = torch.hann_window(width, periodic=False).numpy().astype(np.float64)
    table = np.concatenate([np.cos(angle), -np.sin(angle)]) * hann
    return torch.from_numpy(table[:, None, :].astype(np.float32))


def _mel_filters(config: FastConformerCtcConfig) -> Tensor:
    """Slaney filters [n_fft / 2 + 1, bins]."""
    filters = mel_filter_bank(
        num_frequency_bins=config.n_fft // 2 + 1,
        num_mel_filters=config.n_mels,
        min_frequency=0.0,
        max_frequency=config.sample_rate / 2,
        sampling_rate=config.sample_rate,
        norm="slaney",
        mel_scale="slaney",
        dtype=np.dtype(np.float32),
    )
    return torch.from_numpy(np.ascontiguousarray(filters))

"""PCM window -> standardised log-mel inside the graph, frame for frame what transformers' extractor computes."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechtrt.export.families.mel import GUARD, mel_filters, windowed_dft
from speechtrt.models.ctc import FastConformerCtcConfig


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
        self.register_buffer("transform", windowed_dft(config.n_fft, config.window))
        self.register_buffer("filters", mel_filters(config.n_fft, config.n_mels, config.sample_rate))

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
        return (torch.log(mel + GUARD) + self.offset) / self.scale

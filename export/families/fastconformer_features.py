"""PCM window -> standardised log-mel inside the graph, frame for frame what transformers' extractor computes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechtrt.export.families.mel import GUARD, folded_dft, mel_filters
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
    """Pre-emphasis, windowed DFT, mel filters, logarithm, standardisation.

    Nobody asks for the DFT's phase, so it is taken about the middle of each frame: cosines are alike on both sides of
    it and sines opposite, so that sums and differences of samples halve the products.
    """

    def __init__(self, config: FastConformerCtcConfig, window: Window) -> None:
        super().__init__()
        self.window = window
        self.preemphasis = config.preemphasis
        self.offset, self.scale = config.feature_offset, config.feature_scale
        filters = mel_filters(config.n_fft, config.n_mels, config.sample_rate)
        heard = filters.any(dim=1)  # neither the lowest nor the highest bin is in any filter
        cosines, sines = folded_dft(config.n_fft, config.window)
        self.register_buffer("cosines", cosines[:, heard].contiguous())
        self.register_buffer("sines", sines[:, heard].contiguous())
        self.register_buffer("filters", filters[heard].contiguous())

    def valid_frames(self, samples: Tensor) -> Tensor:
        """How many mel frames of the window are speech: frame t of a stream of N samples is, while t < N // hop."""
        window = self.window
        hops = -(-window.lead // window.hop)  # whole hops, so that nothing negative is divided
        return (samples + hops * window.hop - window.lead) // window.hop - hops + window.factor - 1

    def forward(self, pcm: Tensor, samples: Tensor) -> Tensor:
        """`pcm` [slots, window] of which `samples` [slots] exist -> [slots, mels, bins]; frames beyond are not zero."""
        exists = torch.arange(1, self.window.size, device=pcm.device) < samples[:, None]
        emphasised = pcm[:, 1:] - self.preemphasis * pcm[:, :-1]
        signal = torch.where(exists, emphasised, 0.0)
        frames = range(self.window.mels)
        later, former = self._halves(signal, frames), self._halves(signal.flip(1), frames[::-1])
        real = torch.matmul(later + former, self.get_buffer("cosines"))  # [slots, mels, n_fft / 2 - 1]
        imaginary = torch.matmul(later - former, self.get_buffer("sines"))
        mel = torch.matmul(real * real + imaginary * imaginary, self.get_buffer("filters"))
        return (torch.log(mel + GUARD) + self.offset) / self.scale

    def _halves(self, signal: Tensor, frames: Sequence[int]) -> Tensor:
        """The later half of each of `frames` [slots, mels, width / 2]; of a signal from behind, the former mirrored.

        Whole blocks are copied, of which hops and halves are made.
        """
        half = self.window.width // 2
        block = math.gcd(self.window.hop, half)
        blocks = [(frame * self.window.hop + half) // block + n for frame in frames for n in range(half // block)]
        pieces = signal.view(-1, signal.shape[1] // block, block)
        return pieces.index_select(1, torch.tensor(blocks, device=pieces.device)).view(-1, len(frames), half)

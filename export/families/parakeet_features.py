"""PCM of whole recordings -> log-mel features, each bin normalised over its recording."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from speechtrt.export.families.masks import existing, masked_moments
from speechtrt.export.families.mel import GUARD, mel_filters, windowed_dft

_DEVIATION_GUARD = 1e-5


@dataclass(frozen=True, slots=True)
class MelSpec:
    """What `preprocessor_config.json` says of the features; sizes in samples."""

    rate: int
    bins: int
    hop: int
    n_fft: int
    window: int
    preemphasis: float


class RecordingFeatures(nn.Module):
    """Pre-emphasis, windowed DFT as a strided convolution, mel filters, logarithm, normalisation per bin."""

    def __init__(self, spec: MelSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("transform", windowed_dft(spec.n_fft, spec.window))
        self.register_buffer("filters", mel_filters(spec.n_fft, spec.bins, spec.rate))

    def forward(self, pcm: Tensor, samples: Tensor) -> tuple[Tensor, Tensor]:
        """`pcm` [rows, time] -> features [rows, frames, bins], zero behind a row's end, and its frames [rows]."""
        spec = self.spec
        before = nn.functional.pad(pcm, (1, 0))[:, :-1]
        emphasised = torch.where(existing(samples, pcm.shape[1]), pcm - spec.preemphasis * before, 0.0)
        padded = nn.functional.pad(emphasised, (spec.window // 2, spec.window // 2))[:, None, :]
        spectrum = nn.functional.conv1d(padded, self.get_buffer("transform"), stride=spec.hop)
        real, imaginary = spectrum.chunk(2, dim=1)  # [rows, n_fft / 2 + 1, frames]
        power = (real * real + imaginary * imaginary).transpose(1, 2)
        mel = torch.log(torch.matmul(power, self.get_buffer("filters")) + GUARD).transpose(1, 2)
        count = samples // spec.hop
        exists = existing(count, mel.shape[2])[:, None, :]
        mean, variance = masked_moments(mel, exists, count[:, None, None])
        unbiased = variance * (count / (count - 1))[:, None, None]
        normalised = (mel - mean) / (torch.sqrt(unbiased) + _DEVIATION_GUARD)
        return torch.where(exists, normalised, 0.0).transpose(1, 2), count

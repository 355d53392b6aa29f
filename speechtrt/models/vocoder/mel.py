"""Log-mel features of SpeechT5 (80 bands, 80-7600 Hz, log10) as a differentiable torch module."""

import torch
from torch import Tensor, nn
from transformers import SpeechT5FeatureExtractor

SAMPLE_RATE = 16_000
HOP = 256
WINDOW = 1024
MELS = 80
FLOOR = 1e-10


class LogMel(nn.Module):
    """The target features of `SpeechT5FeatureExtractor`, on batches and with gradients."""

    window: Tensor
    filters: Tensor

    def __init__(self) -> None:
        super().__init__()
        filters = torch.from_numpy(SpeechT5FeatureExtractor().mel_filters).float()
        self.register_buffer("window", torch.hann_window(WINDOW), persistent=False)
        self.register_buffer("filters", filters, persistent=False)  # [bins, mels]

    def forward(self, samples: Tensor) -> Tensor:
        """Samples [batch, n] in [-1, 1] -> log10 mel [batch, 1 + n // 256, 80]."""
        spectrum = torch.stft(samples, WINDOW, HOP, window=self.window, pad_mode="reflect", return_complex=True)
        magnitude = (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-20).sqrt()
        return (magnitude.transpose(1, 2) @ self.filters).clamp_min(FLOOR).log10()

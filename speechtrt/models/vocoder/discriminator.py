"""Two small kinds of discriminator: one looks at spectra, one at the waveform folded by a period."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from speechtrt.models.vocoder.losses import RESOLUTIONS, magnitude

PERIODS = (2, 3, 5)


class SpectrumJudge(nn.Module):
    """2-D convolutions over one STFT magnitude (UnivNet, Jang et al. 2021)."""

    window: Tensor

    def __init__(self, size: int, hop: int, channels: int) -> None:
        super().__init__()
        self.size, self.hop = size, hop
        self.register_buffer("window", torch.hann_window(size), persistent=False)
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(1, channels, (7, 3), stride=(2, 1), padding=(3, 1)),
                nn.Conv2d(channels, channels, (7, 3), stride=(2, 2), padding=(3, 1)),
                nn.Conv2d(channels, channels, (5, 3), stride=(2, 1), padding=(2, 1)),
            ]
        )
        self.verdict = nn.Conv2d(channels, 1, 3, padding=1)

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Samples [batch, n] -> features of each layer, the verdict last."""
        spectrum = magnitude(samples, self.size, self.hop, self.window).sqrt()
        return judged(spectrum.unsqueeze(1), self.layers, self.verdict)


class PeriodJudge(nn.Module):
    """2-D convolutions over the waveform folded into rows of `period` samples (HiFi-GAN, Kong et al. 2020)."""

    def __init__(self, period: int, channels: int) -> None:
        super().__init__()
        self.period = period
        widths = [1, channels, 2 * channels, 4 * channels]
        self.layers = nn.ModuleList(nn.Conv2d(a, b, (5, 1), stride=(3, 1), padding=(2, 0)) for a, b in pairwise(widths))
        self.verdict = nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0))

    def forward(self, samples: Tensor) -> list[Tensor]:
        """Samples [batch, n] -> features of each layer, the verdict last."""
        padded = functional.pad(samples, (0, -samples.shape[1] % self.period))
        return judged(padded.view(len(samples), 1, -1, self.period), self.layers, self.verdict)


class Discriminator(nn.Module):
    """All judges together."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        judges: list[nn.Module] = [SpectrumJudge(size, hop, channels) for size, hop in RESOLUTIONS]
        judges += [PeriodJudge(period, channels) for period in PERIODS]
        self.judges = nn.ModuleList(judges)

    def forward(self, samples: Tensor) -> list[list[Tensor]]:
        """Samples [batch, n] -> per judge the features of each layer, the verdict last."""
        return [judge(samples) for judge in self.judges]


def judged(picture: Tensor, layers: nn.ModuleList, verdict: nn.Module) -> list[Tensor]:
    """Run `layers` with leaky ReLU and keep every feature map."""
    features = []
    for layer in layers:
        picture = functional.leaky_relu(layer(picture), 0.1)
        features.append(picture)
    return [*features, verdict(picture)]

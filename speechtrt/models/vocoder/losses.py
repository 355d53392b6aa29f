"""Losses of the vocoder: multi-resolution spectra, log-mel, and least-squares adversarial terms."""

import torch
from torch import Tensor, nn

from speechtrt.models.vocoder.mel import LogMel

RESOLUTIONS = ((256, 64), (512, 128), (1024, 256))


class SpectralLoss(nn.Module):
    """Spectral convergence plus log-magnitude L1 over three resolutions (Parallel WaveGAN, Yamamoto et al. 2020)."""

    def __init__(self) -> None:
        super().__init__()
        for size, _ in RESOLUTIONS:
            self.register_buffer(f"window_{size}", torch.hann_window(size), persistent=False)

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """Samples [batch, n] twice -> scalar."""
        terms = [self._at(made, real, size, hop) for size, hop in RESOLUTIONS]
        return torch.stack(terms).mean()

    def _at(self, made: Tensor, real: Tensor, size: int, hop: int) -> Tensor:
        window = self.get_buffer(f"window_{size}")
        a, b = magnitude(made, size, hop, window), magnitude(real, size, hop, window)
        convergence = (a - b).norm() / b.norm().clamp_min(1e-3)
        loss: Tensor = convergence + (a.log() - b.log()).abs().mean()
        return loss


class MelLoss(nn.Module):
    """L1 between log10 mels."""

    def __init__(self) -> None:
        super().__init__()
        self.mel = LogMel()

    def forward(self, made: Tensor, real: Tensor) -> Tensor:
        """Samples [batch, n] twice -> scalar."""
        difference: Tensor = self.mel(made).clamp_min(-5.0) - self.mel(real).clamp_min(-5.0)
        return difference.abs().mean()


def magnitude(samples: Tensor, size: int, hop: int, window: Tensor) -> Tensor:
    """STFT magnitudes [batch, bins, frames], at least 1e-4."""
    spectrum = torch.stft(samples, size, hop, window=window, return_complex=True)
    return (spectrum.real.square() + spectrum.imag.square()).clamp_min(1e-8).sqrt()


def discriminator_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """Least squares: real maps to 1, made to 0; the last feature of each list is the verdict."""
    terms = [(1 - r[-1]).square().mean() + m[-1].square().mean() for r, m in zip(real, made, strict=True)]
    return torch.stack(terms).mean()


def adversarial_loss(made: list[list[Tensor]]) -> Tensor:
    """What the generator pays for being recognised."""
    return torch.stack([(1 - m[-1]).square().mean() for m in made]).mean()


def matching_loss(real: list[list[Tensor]], made: list[list[Tensor]]) -> Tensor:
    """L1 between the discriminators' inner features."""
    terms = [
        (m - r.detach()).abs().mean()
        for one, other in zip(real, made, strict=True)
        for r, m in zip(one[:-1], other[:-1], strict=True)
    ]
    return torch.stack(terms).mean()

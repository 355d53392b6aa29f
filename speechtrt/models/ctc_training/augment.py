"""Light augmentation of log-mel batches, with the device's global generator so that a resumed run repeats it."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Augmentation:
    """Ranges of the changes: gain and noise floor in nats, widths of the masks in bins and frames."""

    gain: tuple[float, float] = (-3.0, 2.0)
    noise_floor: tuple[float, float] = (-15.0, -6.0)
    mel_mask: int = 12
    time_mask: int = 10
    time_masks: int = 2

    def __call__(self, features: Tensor) -> Tensor:
        """`features` [rows, frames, mels] raw log-mel, changed row by row; masked parts take the row's mean."""
        rows, frames, mels = features.shape
        where = features.device
        changed = features + _uniform(rows, *self.gain, where)[:, None, None]
        floor = _uniform(rows, *self.noise_floor, where)[:, None, None] + 0.5 * torch.randn_like(features)
        changed = torch.logaddexp(changed, floor)
        mask = _spans(rows, mels, self.mel_mask, where)[:, None, :]
        for _ in range(self.time_masks):
            mask = mask | _spans(rows, frames, self.time_mask, where)[:, :, None]
        return torch.where(mask, changed.mean((1, 2), keepdim=True), changed)


def _uniform(count: int, low: float, high: float, where: torch.device) -> Tensor:
    return low + (high - low) * torch.rand(count, device=where)


def _spans(rows: int, size: int, widest: int, where: torch.device) -> Tensor:
    """One random span of 0..widest places per row, as a mask [rows, size]."""
    width = torch.randint(0, widest + 1, (rows, 1), device=where)
    start = (torch.rand(rows, 1, device=where) * (size - width)).long()
    place = torch.arange(size, device=where)
    return (place >= start) & (place < start + width)

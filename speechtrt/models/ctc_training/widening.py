"""A model that is `copies` times as wide and begins as the same function: every feature is there as often.

After Net2Net (Chen et al. 2016). Equal copies leave the statistics of layer norms as they are; whatever reads all
copies gives each its share of the weight. Shares differ by noise that adds up to nothing, so that copies learn apart.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

UNEVENNESS = 0.5  # of shares, in standard deviations of the weights
KEPT = ("subsampling.conv_in", "subsampling.layers", "head.bias")  # what knows nothing of the encoder's width
BOTH_SIDES = ("q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "pointwise_conv2.weight")


@dataclass(frozen=True, slots=True)
class Widening:
    """How often each feature is to be there; `scaled` says that the encoder multiplies its input by sqrt(width)."""

    copies: int
    scaled: bool
    noise: torch.Generator

    def apply(self, state: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The wide model's tensors; units of feed-forward layers that `state` lacks are those of `fresh`, unheard."""
        wide = {name: self._tensor(name, value) for name, value in state.items()}
        for name, value in wide.items():
            if name.endswith(("linear1.weight", "linear1.bias")):
                wide[name] = torch.cat((value, fresh[name][len(value) :]))
            elif name.endswith("linear2.weight"):
                more = fresh[name].shape[1] - value.shape[1]
                wide[name] = torch.cat((value, value.new_zeros(len(value), more)), dim=1)
        return wide

    def _tensor(self, name: str, value: Tensor) -> Tensor:
        if name.startswith(tuple(f"encoder.{kept}" for kept in KEPT)) or name in KEPT or name.endswith("linear1.bias"):
            return value.clone()
        if name.endswith(("pointwise_conv1.weight", "pointwise_conv1.bias")):  # of a gated unit: values, then gates
            return torch.cat([self._gated(half) for half in value.chunk(2)])
        if name.endswith("relative_k_proj.weight"):
            return self._repeated(self._positions(value))
        if name.endswith(("subsampling.linear.weight", "subsampling.linear.bias")):
            return self._repeated(value) / (math.sqrt(self.copies) if self.scaled else 1.0)
        if name.endswith(BOTH_SIDES):
            return self._shared(self._repeated(value))
        if name.endswith("linear1.weight") or name == "head.weight":
            return self._shared(value)
        return self._repeated(value)

    def _repeated(self, value: Tensor) -> Tensor:
        """All outputs, `copies` times."""
        return torch.cat([value] * self.copies)

    def _shared(self, weight: Tensor) -> Tensor:
        """A weight [outputs, inputs, ...] spread over the copies of its inputs."""
        unevenness = torch.randn((self.copies, *weight.shape), generator=self.noise, dtype=weight.dtype)
        unevenness = (unevenness - unevenness.mean(0)) * (UNEVENNESS * weight.std())
        return torch.cat([(weight + uneven) / self.copies for uneven in unevenness], dim=1)

    def _gated(self, half: Tensor) -> Tensor:
        return self._shared(self._repeated(half)) if half.dim() > 1 else self._repeated(half)

    def _positions(self, weight: Tensor) -> Tensor:
        """Columns come in pairs, sine and cosine of one frequency; each k-th of a wider encoding is an old one."""
        rows, columns = weight.shape
        wide = weight.new_zeros(rows, columns // 2, self.copies, 2)
        wide[:, :, 0] = weight.view(rows, columns // 2, 2)
        return wide.view(rows, columns * self.copies)

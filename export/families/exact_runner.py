"""A stage's module before its export, run in float64."""

import copy
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from speechtrt.export.families.base import Arrays, StageGraph
from speechtrt.specs import StageSpec

Array = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class ExactRunner:
    """Runs the module that an exported graph was made from, in float64 where the graph has float32."""

    spec: StageSpec
    module: nn.Module

    @classmethod
    def of(cls, stage: StageGraph) -> "ExactRunner":
        """A runner over a float64 copy of the stage's module."""
        return cls(stage.spec, copy.deepcopy(stage.module).double().eval())

    @torch.no_grad()
    def __call__(self, inputs: Arrays) -> dict[str, Array]:
        """Run once."""
        outputs: tuple[Tensor, ...] = self.module(*(_exact(inputs[tensor.name]) for tensor in self.spec.inputs))
        return {t.name: value.numpy() for t, value in zip(self.spec.outputs, outputs, strict=True)}


def _exact(value: Array) -> Tensor:
    return torch.from_numpy(value.astype(np.float64) if value.dtype == np.float32 else value)

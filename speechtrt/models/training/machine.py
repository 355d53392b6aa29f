"""What a training runs on: the device and the precision of its arithmetic."""

from dataclasses import dataclass
from enum import Enum

import torch

from speechtrt.errors import BackendError


class Arithmetic(Enum):
    """`bf16` is mixed precision: weights and optimiser stay float32, matrix products are bfloat16."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"


@dataclass(frozen=True, slots=True)
class Machine:
    """Device and arithmetic of a training; `auto` is bf16 on a GPU and fp32 on a CPU."""

    device: str = "cpu"
    arithmetic: Arithmetic = Arithmetic.AUTO

    @property
    def mixed(self) -> bool:
        """Whether the forward pass runs in mixed precision."""
        if self.arithmetic is Arithmetic.AUTO:
            return self.device != "cpu"
        return self.arithmetic is Arithmetic.BF16

    def autocast(self) -> torch.autocast:
        """The context of forward passes; losses leave it by casting to float32 first."""
        return torch.autocast(torch.device(self.device).type, dtype=torch.bfloat16, enabled=self.mixed)


CPU = Machine()


def read_machine(device: str, arithmetic: str, threads: int | None = None) -> Machine:
    """The machine that was asked for, made ready: threads, no denormals (they slow a CPU down), TF32 where mixed.

    Raises BackendError when there is no GPU.
    """
    machine = Machine(device, Arithmetic(arithmetic))
    if device != "cpu" and not torch.cuda.is_available():
        raise BackendError(f"the device {device} was asked for, but PyTorch sees no GPU here; use --device cpu")
    torch.set_flush_denormal(True)
    torch.set_float32_matmul_precision("high" if machine.mixed else "highest")
    if threads is not None:
        torch.set_num_threads(threads)
    return machine

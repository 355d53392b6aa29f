"""Make PyTorch ready to train on a device."""

import torch

from speechtrt.errors import BackendError


def prepare(device: str, threads: int | None = None) -> None:
    """Set the CPU threads and flush denormals, which slow a CPU down. Raises BackendError when there is no GPU."""
    if device != "cpu" and not torch.cuda.is_available():
        raise BackendError(f"the device {device} was asked for, but PyTorch sees no GPU here; use --device cpu")
    torch.set_flush_denormal(True)
    if threads is not None:
        torch.set_num_threads(threads)

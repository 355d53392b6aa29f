"""What the machine can do at best: the two rates that any floor is made of."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

SIZE = 1024  # square FP32 matrices of 4 MiB: compute bound
LARGE = 8192  # 256 MiB of FP32: far larger than any cache, so memory bound
REPEATS = 10


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Best of several FP32 matrix products, and best rate at which a large matrix is read."""

    flops_per_second: float
    bytes_per_second: float


def measure_rates(threads: int) -> MachineRates:
    """Measure with `threads` threads; takes about a second."""
    torch.set_num_threads(threads)
    square, large, vector = torch.rand(SIZE, SIZE), torch.rand(LARGE, LARGE), torch.rand(LARGE)
    product = _fastest(lambda: torch.mm(square, square))
    read = _fastest(lambda: torch.mv(large, vector))
    return MachineRates(2 * SIZE**3 / product, large.nbytes / read)


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of `REPEATS` runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)

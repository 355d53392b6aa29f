"""What the machine can do at best: the two rates that any floor is made of."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import conv1d

SIZE = 1024  # square FP32 matrices of 4 MiB: compute bound
CHANNELS, WIDTH = 256, 7  # of a convolution; its library may use wider registers than that of the matrix product
LARGE = 8192  # 256 MiB of FP32: far larger than any cache, so memory bound
REPEATS = 20


@dataclass(frozen=True, slots=True)
class MachineRates:
    """Best rate of FP32 matrix products and convolutions, and best rate at which a large matrix is read."""

    flops_per_second: float
    bytes_per_second: float


def measure_rates(threads: int) -> MachineRates:
    """Measure with `threads` threads; takes about a second."""
    torch.set_num_threads(threads)
    square, large, vector = torch.rand(SIZE, SIZE), torch.rand(LARGE, LARGE), torch.rand(LARGE)
    wave, kernel = torch.rand(1, CHANNELS, SIZE), torch.rand(CHANNELS, CHANNELS, WIDTH)
    product = 2 * SIZE**3 / _fastest(lambda: torch.mm(square, square))
    convolution = 2 * CHANNELS**2 * WIDTH * (SIZE - WIDTH + 1) / _fastest(lambda: conv1d(wave, kernel))
    read = large.nbytes / _fastest(lambda: torch.mv(large, vector))
    return MachineRates(max(product, convolution), read)


def _fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest of `REPEATS` runs."""
    seconds = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)

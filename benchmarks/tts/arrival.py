"""When requests come."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Open:
    """Each request comes at its second, whoever is still being served."""

    times: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """So many users, each of whom asks for the next speech as soon as the last has ended."""

    users: int


@dataclass(frozen=True, slots=True)
class Static:
    """Batches of `size` in order of arrival, padded to their longest; all of a batch are there when it is done."""

    size: int


Arrival = Open | Closed | Static
ALONE = Closed(1)


def at_once(count: int) -> Open:
    """All requests wait at time 0."""
    return Open((0.0,) * count)


def poisson(rate: float, count: int, seed: int) -> Open:
    """`rate` requests a second on average, independent of each other; the same times for the same arguments."""
    gaps = np.random.default_rng(seed).exponential(1 / rate, count)
    return Open(tuple(np.cumsum(gaps).tolist()))


def quantile_lengths(count: int, shortest: int, longest: int, seed: int) -> Sequence[int]:
    """Lengths spread evenly on a logarithmic scale, in an order drawn from `seed`."""
    lengths = np.round(np.geomspace(shortest, longest, count)).astype(int)
    return [int(n) for n in np.random.default_rng(seed).permutation(lengths)]

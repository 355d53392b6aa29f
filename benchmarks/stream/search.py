"""The largest number of streams that a side serves in time."""

from collections.abc import Callable

RESOLUTION = 1.06


def largest(holds: Callable[[int], bool], start: int, highest: int, resolution: float = RESOLUTION) -> int:
    """The largest number up to `highest` for which `holds` was seen, within a factor of `resolution`; 0 for none.

    Doubles or halves from `start`, then bisects; it takes for granted that fewer streams are never harder.
    """
    low, high = 0, highest + 1
    count = min(start, highest)
    while low * resolution < high - 1 and low + 1 < high:
        if holds(count):
            low = count
        else:
            high = count
        count = _next(low, high, highest)
    return low


def _next(low: int, high: int, highest: int) -> int:
    if low == 0:
        return max(1, high // 2)
    return min(2 * low, highest) if high > highest else (low + high) // 2

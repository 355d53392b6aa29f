"""The largest number of streams that a side serves in time."""

from collections.abc import Callable

RESOLUTION = 1.06
NARROW, WIDE = 1.12, 2.0  # the first and the widest step from where the search starts


def largest(holds: Callable[[int], bool], start: int, highest: int, resolution: float = RESOLUTION) -> int:
    """The largest number up to `highest` for which `holds` was seen, within a factor of `resolution`; 0 for none.

    Goes up or down from `start` in steps that grow, then bisects, so a good guess saves most runs. It takes for granted
    that fewer streams are never harder.
    """
    low, high, step = 0, highest + 1, NARROW
    count = min(start, highest)
    while low * resolution < high - 1 and low + 1 < high:
        if holds(count):
            low = count
        else:
            high = count
        count = _next(low, high, highest, step)
        step = min(step * step, WIDE)
    return low


def _next(low: int, high: int, highest: int, step: float) -> int:
    if low == 0:
        return max(1, min(high - 1, int(high / step)))
    if high > highest:
        return min(max(low + 1, int(low * step)), highest)
    return (low + high) // 2

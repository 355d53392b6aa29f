"""Dynamic time warping: which frames of two readings belong together."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechtrt.benchmarks.quality.spectrum import Array


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs of frames: `left[k]` belongs to `right[k]`; both begin at 0 and never go back."""

    left: npt.NDArray[np.intp]
    right: npt.NDArray[np.intp]


def align(left: Array, right: Array) -> Alignment:
    """The path of least summed Euclidean distance between two sequences [frames, features].

    Steps are one frame on one side or on both, all of weight 1 (Sakoe and Chiba 1978, P = 0).
    """
    costs = _distances(left, right)
    return _trace_back(_accumulate(costs), *costs.shape)


def _distances(left: Array, right: Array) -> Array:
    squares = (left**2).sum(1)[:, None] + (right**2).sum(1) - 2 * left @ right.T
    distances: Array = np.sqrt(np.maximum(squares, 0.0))
    return distances


def _accumulate(costs: Array) -> Array:
    """Least cost to each cell, by anti-diagonals: [k, i + 1] holds cell (i, k - i), infinity where there is none."""
    rows, columns = costs.shape
    total = np.full((rows + columns - 1, rows + 1), np.inf)
    total[0, 1] = costs[0, 0]
    for k in range(1, rows + columns - 1):
        low, high = max(0, k - columns + 1), min(k, rows - 1) + 1
        cells = np.arange(low, high)
        best = np.minimum(total[k - 1, low:high], total[k - 1, low + 1 : high + 1])
        if k > 1:
            best = np.minimum(best, total[k - 2, low:high])
        total[k, low + 1 : high + 1] = costs[cells, k - cells] + best
    return total


def _trace_back(total: Array, rows: int, columns: int) -> Alignment:
    i, j = rows - 1, columns - 1
    path = [(i, j)]
    while i or j:
        steps = []
        if i and j:
            steps.append((total[i + j - 2, i], i - 1, j - 1))
        if i:
            steps.append((total[i + j - 1, i], i - 1, j))
        if j:
            steps.append((total[i + j - 1, i + 1], i, j - 1))
        _, i, j = min(steps)
        path.append((i, j))
    left, right = np.array(path[::-1], dtype=np.intp).T
    return Alignment(left, right)

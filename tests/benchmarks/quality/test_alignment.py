import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.quality.alignment import Alignment, align
from speechtrt.benchmarks.quality.spectrum import Array


def cost(left: Array, right: Array, path: Alignment) -> float:
    return float(np.linalg.norm(left[path.left] - right[path.right], axis=1).sum())


def least_cost(left: Array, right: Array) -> float:
    """The textbook recursion, cell by cell."""
    best = np.full((len(left) + 1, len(right) + 1), np.inf)
    best[0, 0] = 0.0
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            here = np.linalg.norm(left[i - 1] - right[j - 1])
            best[i, j] = here + min(best[i - 1, j], best[i, j - 1], best[i - 1, j - 1])
    return float(best[-1, -1])


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_path_costs_as_little_as_the_textbook_says(rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    left, right = rng.normal(size=(rows, 3)), rng.normal(size=(columns, 3))
    path = align(left, right)
    np.testing.assert_allclose(cost(left, right, path), least_cost(left, right), rtol=1e-6)
    assert (path.left[0], path.right[0], path.left[-1], path.right[-1]) == (0, 0, rows - 1, columns - 1)
    for steps in (np.diff(path.left), np.diff(path.right)):
        assert set(steps) <= {0, 1}


def test_a_stretched_copy_costs_nothing() -> None:
    frames = np.random.default_rng(0).normal(size=(20, 4))
    stretched = np.repeat(frames, 3, axis=0)
    assert cost(stretched, frames, align(stretched, frames)) < 1e-5

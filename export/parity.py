"""How far an exported stage may be from PyTorch, and what happens when it is further."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from speechtrt.bundle import ParityRow
from speechtrt.errors import ParityError

TOLERANCE = 1e-4  # largest absolute difference in float32
JUNK = 3.0  # standard deviation of what is left in caches before a comparison


def compare(
    stage: str,
    quantity: str,
    pairs: Iterable[tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]],
    tolerance: float = TOLERANCE,
) -> ParityRow:
    """The largest difference over (found, expected) pairs; infinite where shapes differ or something is NaN."""
    worst = max((_difference(found, expected) for found, expected in pairs), default=float("inf"))
    return ParityRow(stage, quantity, worst, tolerance)


def _difference(found: npt.NDArray[np.generic], expected: npt.NDArray[np.generic]) -> float:
    if found.shape != expected.shape:
        return float("inf")
    if found.size == 0:
        return 0.0
    worst = float(np.abs(found.astype(np.float64) - expected.astype(np.float64)).max())
    return worst if np.isfinite(worst) else float("inf")


def require(rows: Iterable[ParityRow]) -> None:
    """Raise ParityError for the first row that does not pass."""
    for row in rows:
        if not row.passed:
            raise ParityError(
                f"stage {row.stage}: {row.quantity} differs from PyTorch by {row.max_abs:.3g}, "
                f"at most {row.tolerance:.2g} is allowed; nothing was written"
            )

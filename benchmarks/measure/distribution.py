"""Samples of one quantity, summarised."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechtrt.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Distribution:
    """Mean, sample standard deviation and linearly interpolated percentiles, in the unit of the samples."""

    count: int
    mean: float
    std: float
    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, samples: Sequence[float]) -> "Distribution":
        """Summarise at least one finite sample. Raises BenchmarkError."""
        values = np.asarray(samples, dtype=np.float64)
        if values.size == 0 or not np.isfinite(values).all():
            raise BenchmarkError(f"found {values.size} samples, or some not finite; expected finite ones; run it again")
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        std = float(values.std(ddof=1)) if values.size > 1 else 0.0
        return cls(values.size, float(values.mean()), std, float(p50), float(p95), float(p99))

    @property
    def variation(self) -> float:
        """Coefficient of variation, std / mean."""
        return self.std / self.mean if self.mean else 0.0

    @property
    def uncertainty(self) -> float:
        """Standard error of the mean, relative to the mean."""
        return float(self.variation / np.sqrt(self.count))

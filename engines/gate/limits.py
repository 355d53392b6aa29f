"""How far an engine may stray from the reference graph, per precision.

Drift is over a free run (see `scenario`), so it holds what an error does to later steps.
"""

from dataclasses import dataclass

from speechtrt.precision import Precision

PROBABILITIES = frozenset({"stop"})  # near zero most of the time, so compared by absolute difference


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest relative L2 error and absolute error of probabilities, smallest cosine and argmax agreement."""

    relative_l2: float
    cosine: float
    probability: float
    agreement: float


LOWERED = Limits(relative_l2=1e-1, cosine=0.99, probability=1e-1, agreement=0.95)
LIMITS = {
    Precision.FP32: Limits(relative_l2=1e-3, cosine=0.99999, probability=1e-3, agreement=0.999),
    Precision.FP16: Limits(relative_l2=2e-2, cosine=0.999, probability=2e-2, agreement=0.99),
    Precision.INT8: LOWERED,
    Precision.INT8_WEIGHTS: LOWERED,
    Precision.INT4: LOWERED,
    Precision.FP8: LOWERED,
}
MOST_KERNEL_ERROR = 5e-2  # kernels against exact arithmetic: roundings that flip reach 0.02, clipping 0.2 and more
MOST_TIME_RATIO = 1.0  # a lower precision that is not faster is not used

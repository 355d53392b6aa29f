"""Number formats that TensorRT multiplies in, or unpacks weights from."""

from dataclasses import dataclass

import ml_dtypes
import numpy as np

from speechtrt.engines.graph import Array
from speechtrt.engines.quantize.ranges import Range
from speechtrt.precision import Precision

SMALLEST_SCALE = 6.2e-5  # FP16 holds fewer bits below
BLOCK = 64  # weights of a column that share a scale, where the format has blocks


@dataclass(frozen=True, slots=True)
class Weight:
    """Numbers, their scales, and what the scales belong to: an axis, or blocks along one."""

    numbers: Array
    scales: Array
    axis: int | None
    block: int | None = None


@dataclass(frozen=True, slots=True)
class NumberFormat:
    """A format of `largest` as its largest value. `activations`: whether they are rounded too."""

    precision: Precision
    tag: str
    kind: np.dtype
    largest: float
    activations: bool
    reason: str

    def steps(self, span: Range) -> tuple[float, Array]:
        """Step width and zero point of an activation that takes the values of `span`."""
        return max(span.largest / self.largest, SMALLEST_SCALE), np.zeros((), self.kind)

    def weight(self, value: Array, axis: int) -> Weight:
        """`value` in this format; `axis` is that of the output channels."""
        if self.precision is Precision.INT4:
            return _in_blocks(value, 1 - axis, self)
        if self.precision is Precision.FP8:
            scale = np.maximum(np.abs(value).max() / self.largest, SMALLEST_SCALE).astype(np.float32)
            return Weight((value / scale).astype(self.kind), scale, None)
        numbers, scales = quantize_channels(value, axis)
        return Weight(numbers, scales, axis)


def quantize_channels(weight: Array, axis: int) -> tuple[Array, Array]:
    """S8 values of the weight's shape and a float32 scale for each index of `axis`."""
    others = tuple(i for i in range(weight.ndim) if i != axis)
    scale = np.maximum(np.abs(weight).max(axis=others) / 127, SMALLEST_SCALE).astype(np.float32)
    spread = np.expand_dims(scale, others)
    return np.clip(np.round(weight / spread), -127, 127).astype(np.int8), scale


def _in_blocks(value: Array, axis: int, form: NumberFormat) -> Weight:
    """Blocks run along the inner dimension of a product."""
    inner = np.moveaxis(value, axis, 0)
    blocks = inner.reshape(-1, BLOCK, *inner.shape[1:])
    scale = np.maximum(np.abs(blocks).max(axis=1) / form.largest, SMALLEST_SCALE).astype(np.float32)
    numbers = np.clip(np.round(blocks / scale[:, None]), -form.largest, form.largest).reshape(inner.shape)
    return Weight(np.moveaxis(numbers.astype(form.kind), 0, axis), np.moveaxis(scale, 0, axis), axis, BLOCK)


FORMATS = {
    form.precision: form
    for form in (
        NumberFormat(Precision.INT8, "s8", np.dtype(np.int8), 127, True, "calibrated s8 activations, s8 weights"),
        NumberFormat(
            Precision.FP8,
            "f8",
            np.dtype(ml_dtypes.float8_e4m3fn),
            448,
            True,
            "calibrated f8 activations, f8 weights (experimental)",
        ),
        NumberFormat(Precision.INT4, "s4", np.dtype(ml_dtypes.int4), 7, False, "s4 weights in blocks (experimental)"),
    )
}

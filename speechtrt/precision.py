"""The closed sets every artefact is named by: backend and precision."""

from enum import StrEnum


class Precision(StrEnum):
    """Number format of an engine set's heavy operators."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"
    INT8_WEIGHTS = "int8-weights"  # experimental
    INT4 = "int4"  # experimental: of weights alone
    FP8 = "fp8"  # experimental

    @property
    def quantized(self) -> bool:
        """Whether it needs a rewritten graph, which may leave nothing of it."""
        return self not in (Precision.FP32, Precision.FP16)

    @property
    def experimental(self) -> bool:
        """Whether it is offered to be tried, and promises nothing."""
        return self in (Precision.INT8_WEIGHTS, Precision.INT4, Precision.FP8)


class BackendName(StrEnum):
    """What executes a stage."""

    ORT_CPU = "ort-cpu"
    ORT_CUDA = "ort-cuda"
    TENSORRT = "tensorrt"
    TENSORRT_RTX = "tensorrt-rtx"

    @property
    def reference_precision(self) -> Precision:
        """What an engine set is compared with and falls back to."""
        return Precision.FP32 if self is BackendName.ORT_CPU else Precision.FP16

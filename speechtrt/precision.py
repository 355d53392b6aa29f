"""The closed sets every artefact is named by: backend and precision."""

from enum import StrEnum


class Precision(StrEnum):
    """Number format of an engine set's heavy operators."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


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

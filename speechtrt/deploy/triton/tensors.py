"""Tensors in the words of a model configuration."""

from speechtrt.deploy.triton.pbtxt import Symbol
from speechtrt.specs import Dim, DType, TensorSpec

FREE = -1


class DataType(Symbol):
    """Triton's element types."""

    FP32 = "TYPE_FP32"
    FP16 = "TYPE_FP16"
    INT64 = "TYPE_INT64"
    INT32 = "TYPE_INT32"
    UINT64 = "TYPE_UINT64"
    BOOL = "TYPE_BOOL"
    STRING = "TYPE_STRING"


DATA_TYPES = {
    DType.FLOAT32: DataType.FP32,
    DType.FLOAT16: DataType.FP16,
    DType.INT64: DataType.INT64,
    DType.INT32: DataType.INT32,
    DType.BOOL: DataType.BOOL,
}


def sizes(shape: tuple[Dim, ...]) -> list[int]:
    """The sizes of a shape; what is free is -1."""
    return [FREE if isinstance(dim, str) else dim for dim in shape]


def vector(name: str, data_type: DataType, size: int = 1) -> dict[str, object]:
    """A tensor of one dimension."""
    return {"name": name, "data_type": data_type, "dims": [size]}


def batched(spec: TensorSpec) -> dict[str, object]:
    """A tensor of a stage that Triton batches: the first dimension is Triton's.

    A tensor of one number per row has no other dimension, which can only be said by a reshape.
    """
    rest = sizes(spec.shape[1:])
    message: dict[str, object] = {"name": spec.name, "data_type": DATA_TYPES[spec.dtype], "dims": rest or [1]}
    return message if rest else {**message, "reshape": {"shape": rest}}


def single(spec: TensorSpec) -> dict[str, object]:
    """A tensor of a stage that Triton does not batch: every request is one row."""
    return {"name": spec.name, "data_type": DATA_TYPES[spec.dtype], "dims": [1, *sizes(spec.shape[1:])]}

"""Shapes and roles of the tensors that cross a stage's border."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Dim = int | str


class DType(StrEnum):
    """Element types that stages exchange; the values are numpy's names."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    INT64 = "int64"
    INT32 = "int32"
    BOOL = "bool"


class StateKind(StrEnum):
    """What a state tensor holds, which decides how a slot is filled, moved and reset."""

    KV_CACHE = "kv-cache"  # written at a row's position, linear
    RING_CACHE = "ring-cache"  # written at a row's position, wraps
    CONV_CACHE = "conv-cache"  # replaced whole every step
    LENGTH = "length"  # one integer per row
    MEMORY = "memory"  # written once when a request is admitted, only read by the stage


class Reset(StrEnum):
    """What a new owner of a slot must do to a state row before its first step."""

    NONE = "none"  # the graph masks what a former owner left
    ZERO = "zero"


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, element type and shape; a string in the shape is a named dynamic dimension."""

    name: str
    dtype: DType
    shape: tuple[Dim, ...]

    def resolve(self, dims: Mapping[str, int]) -> tuple[int, ...]:
        """Concrete shape under `dims`; raises KeyError for a dimension that `dims` lacks."""
        return tuple(d if isinstance(d, int) else dims[d] for d in self.shape)


@dataclass(frozen=True, slots=True)
class StateSpec:
    """A tensor that a stage reads and writes again; `output` is None for memory."""

    input: str
    output: str | None
    kind: StateKind
    grows: str | None = None  # the named dimension that buckets choose, e.g. max_len
    reset: Reset = Reset.NONE


@dataclass(frozen=True, slots=True)
class StageSpec:
    """One graph of a model. `context` is how many frames each side a chunk needs to be exact."""

    name: str
    file: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    states: tuple[StateSpec, ...] = ()
    context: int = 0

    def input(self, name: str) -> TensorSpec:
        """The input called `name`; raises KeyError."""
        return _find(self.inputs, name)

    def output(self, name: str) -> TensorSpec:
        """The output called `name`; raises KeyError."""
        return _find(self.outputs, name)


def _find(tensors: tuple[TensorSpec, ...], name: str) -> TensorSpec:
    for tensor in tensors:
        if tensor.name == name:
            return tensor
    raise KeyError(name)

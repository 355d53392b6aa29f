"""Which ONNX files may be looked into at all: self-contained, of known operators, with weights that are numbers."""

import math
from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, ValueInfoProto, numpy_helper
from onnx.helper import tensor_dtype_to_np_dtype

from speechtrt.errors import BuildError
from speechtrt.onnx_parts import every_graph, every_node, every_tensor

DOMAINS = frozenset({"", "ai.onnx", "com.microsoft"})
MOST_BYTES = 2 << 30  # of one tensor: what a single ONNX file can hold
MOST_NUMBERS = 1 << 29  # of a row of an input or output: 2 GiB in float32
FLOATS = frozenset({TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE})


def read_model(path: Path) -> ModelProto:
    """Parse a file without opening any other, and check it. Raises BuildError."""
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        what = str(error).strip().split("\n", 1)[0]
        raise BuildError(f"{path}: is not an ONNX model ({what}); export the bundle again") from error
    if not model.graph.node:
        raise BuildError(f"{path}: holds no nodes, expected an ONNX graph; export the bundle again")
    for node in every_node(model):
        _check_operator(path, node)
    if any(graph.sparse_initializer for graph in every_graph(model)):
        raise BuildError(f"{path}: holds sparse weights; expected dense ones, so export the bundle again")
    for tensor in every_tensor(model):
        _check_tensor(path, tensor)
    for value in (*model.graph.input, *model.graph.output):
        _check_border(path, value)
    return model


def _check_operator(path: Path, node: NodeProto) -> None:
    """A custom operator is a library that somebody else wrote."""
    if node.domain not in DOMAINS:
        raise BuildError(
            f"{path}: node {node.name or node.op_type} is {node.domain}::{node.op_type}, a custom operator; "
            "expected operators of ONNX only, so export the model without it"
        )


def _check_border(path: Path, value: ValueInfoProto) -> None:
    """Sizes that the graph fixes are allocated before anything is computed."""
    fixed = [dim.dim_value for dim in value.type.tensor_type.shape.dim if dim.HasField("dim_value")]
    if min(fixed, default=0) < 0 or math.prod(fixed) > MOST_NUMBERS:
        raise BuildError(
            f"{path}: {value.name} has the fixed sizes {fixed}, expected at most {MOST_NUMBERS} numbers; "
            "export the bundle again"
        )


def _check_tensor(path: Path, tensor: TensorProto) -> None:
    if tensor.data_location == TensorProto.EXTERNAL:
        place = next((entry.value for entry in tensor.external_data if entry.key == "location"), "nowhere")
        raise BuildError(
            f"{path}: weight {tensor.name} lies in another file ({place}), which no manifest lists; "
            "expected one file, so save the model without external data"
        )
    kind = np.dtype(tensor_dtype_to_np_dtype(tensor.data_type))
    if min(tensor.dims, default=0) < 0 or math.prod(tensor.dims) * kind.itemsize > MOST_BYTES:
        raise BuildError(
            f"{path}: weight {tensor.name} claims the shape {list(tensor.dims)}, expected at most "
            f"{MOST_BYTES >> 30} GiB; export the bundle again"
        )
    _check_values(path, tensor)


def _check_values(path: Path, tensor: TensorProto) -> None:
    try:
        value = numpy_helper.to_array(tensor)
    except (ValueError, TypeError) as error:
        raise BuildError(
            f"{path}: weight {tensor.name} does not hold what its shape {list(tensor.dims)} says ({error}); "
            "export the bundle again"
        ) from error
    if tensor.data_type in FLOATS and np.isnan(value).any():
        raise BuildError(f"{path}: weight {tensor.name} holds NaN; mend the checkpoint and export it again")

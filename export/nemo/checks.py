"""What a foreign ONNX file must be before anything runs it."""

from pathlib import Path, PurePosixPath

import onnx
from onnx import ModelProto, TensorProto, ValueInfoProto
from onnx.external_data_helper import load_external_data_for_model, uses_external_data

from speechtrt.errors import CheckpointError
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.onnx_parts import every_node, every_tensor

STANDARD = frozenset({"", "ai.onnx", "com.microsoft"})  # ONNX Runtime's own operators need no library
OLDEST_OPSET = 13
LARGEST_FILE = 2**31 - 1  # what one protobuf holds
LARGEST_STATE = 1 << 26  # numbers per stream
MOST_FRAMES = 64
LARGEST_VOCABULARY = 1 << 17

Shape = tuple[int | None, ...]  # None for a dimension without a size


def load_foreign(path: Path) -> ModelProto:
    """The model of `path` with its weights inside. Raises CheckpointError."""
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:  # protobuf and onnx raise what they like
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: is not an ONNX file ({reason}); expected a streaming CTC model") from error
    if unknown := sorted({node.domain for node in every_node(model)} - STANDARD):
        raise CheckpointError(
            f"{path}: needs operators of {unknown[0]}, a custom library; export it with standard ones"
        )
    opset = next((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), 0)
    if opset < OLDEST_OPSET:
        raise CheckpointError(f"{path}: is of opset {opset}, expected {OLDEST_OPSET} or newer; export it again")
    _load_weights(model, path)
    return model


def _load_weights(model: ModelProto, path: Path) -> None:
    """Bring in weights that lie in other files, which must be in the model's own folder."""
    files = {_location(tensor) for tensor in every_tensor(model) if uses_external_data(tensor)}
    folder = path.resolve().parent
    for name in sorted(files):
        file = folder / name
        if PurePosixPath(name).is_absolute() or not file.resolve().is_relative_to(folder):
            raise CheckpointError(f"{path}: keeps weights in {name}, outside of its folder; do not use this file")
        if not file.is_file():
            raise CheckpointError(f"{file}: is missing; {path.name} keeps its weights there, so copy it beside")
    if path.stat().st_size + sum((folder / name).stat().st_size for name in files) > LARGEST_FILE:
        raise CheckpointError(f"{path}: is larger than 2 GiB with its weights; expected a smaller model")
    if files:
        load_external_data_for_model(model, str(folder))


def _location(tensor: TensorProto) -> str:
    return next((entry.value for entry in tensor.external_data if entry.key == "location"), "")


def check_border(model: ModelProto, metadata: NemoMetadata, path: Path) -> int:
    """Inputs and outputs are NeMo's five each, as the metadata has them; the number of mel bins. CheckpointError."""
    _check_sizes(metadata, path)
    weights = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in weights]
    if len(inputs) != 5 or len(model.graph.output) != 5:
        raise CheckpointError(
            f"{path}: has {len(inputs)} inputs and {len(model.graph.output)} outputs; expected features, lengths and "
            "three caches, so export it with cache support"
        )
    caches: tuple[tuple[int, Shape], ...] = (
        (TensorProto.FLOAT, metadata.channel),
        (TensorProto.FLOAT, metadata.time),
        (TensorProto.INT64, ()),
    )
    bins = _shape(inputs[0])[1:2]
    signal = (TensorProto.FLOAT, (*bins, metadata.window_size))
    answer = (TensorProto.FLOAT, (metadata.frames, metadata.vocab_size + 1))
    lengths: tuple[int, Shape] = (TensorProto.INT64, ())
    for value, (kind, shape) in zip(inputs, (signal, lengths, *caches), strict=True):
        _check_value(path, value, kind, shape)
    for value, (kind, shape) in zip(model.graph.output, (answer, lengths, *caches), strict=True):
        _check_value(path, value, kind, shape, counted=value is not model.graph.output[1])
    if not bins or bins[0] is None:
        raise CheckpointError(f"{path}: does not say how many mel bins it takes; export it with a fixed feature size")
    return bins[0]


def _check_sizes(metadata: NemoMetadata, path: Path) -> None:
    """Sizes that belong together, and that a machine could hold."""
    state = _product(metadata.channel) + _product(metadata.time)
    overlap = metadata.window_size - metadata.chunk_shift
    if metadata.chunk_shift % metadata.subsampling_factor or not 0 <= overlap <= metadata.window_size:
        raise CheckpointError(
            f"{path}: has a window of {metadata.window_size}, a shift of {metadata.chunk_shift} and a subsampling of "
            f"{metadata.subsampling_factor} frames, which do not fit together; export it again"
        )
    absurd = metadata.frames > MOST_FRAMES or state > LARGEST_STATE or metadata.vocab_size > LARGEST_VOCABULARY
    if absurd:
        raise CheckpointError(
            f"{path}: its metadata asks for {metadata.frames} frames, {state} cached numbers and {metadata.vocab_size} "
            f"labels; expected at most {MOST_FRAMES}, {LARGEST_STATE} and {LARGEST_VOCABULARY}"
        )


def _check_value(path: Path, value: ValueInfoProto, kind: int, shape: Shape, counted: bool = True) -> None:
    """Rows first and free, then `shape`, whose sizes the file may leave open; `counted` is False for any type."""
    found = _shape(value)
    if found[:1] != (None,) and found:
        raise CheckpointError(f"{path}: {value.name} takes {found[0]} rows only; export it with a dynamic batch axis")
    fits = len(found) == len(shape) + 1 and all(
        got is None or got == want for got, want in zip(found[1:], shape, strict=False)
    )
    if not fits or (counted and value.type.tensor_type.elem_type != kind):
        wanted = f"{TensorProto.DataType.Name(kind)} {('rows', *shape)}"
        raise CheckpointError(f"{path}: {value.name} has the shape {found}, expected {wanted}; export it again")


def _shape(value: ValueInfoProto) -> Shape:
    dims = value.type.tensor_type.shape.dim
    return tuple(int(dim.dim_value) if dim.HasField("dim_value") else None for dim in dims)


def _product(sizes: tuple[int, ...]) -> int:
    product = 1
    for size in sizes:
        product *= size
    return product

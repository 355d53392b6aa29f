"""The only call into the exporter: a stage's module becomes one self-contained ONNX file."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn
from torch.export import Dim

from speechtrt.errors import CheckpointError
from speechtrt.export.families.base import StageGraph
from speechtrt.export.graph_names import tidy
from speechtrt.export.state_io import OPSET
from speechtrt.specs import StageSpec, TensorSpec

_LONGEST = 1 << 16  # upper bound of every dynamic dimension


class _Flat(nn.Module):
    """All inputs as one argument list, so that every stage is traced the same way."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.module(*inputs)
        return outputs


def export_stage(graph: StageGraph, path: Path) -> None:
    """Write `graph` to `path`, weights inside. Raises CheckpointError when the file does not match its spec."""
    spec = graph.spec
    with torch.no_grad(), _quiet():
        program = torch.onnx.export(
            _Flat(graph.module).eval(),
            example_inputs(spec),
            dynamo=True,
            verbose=False,
            opset_version=OPSET,
            input_names=[tensor.name for tensor in spec.inputs],
            output_names=[tensor.name for tensor in spec.outputs],
            dynamic_shapes=(_dynamic_shapes(spec),),
        )
    assert program is not None
    tidy(program.model)
    program.save(path, external_data=False)
    _check_border(onnx.load(path, load_external_data=False), spec)


def example_inputs(spec: StageSpec) -> tuple[Tensor, ...]:
    """Something of every input's type and shape to trace with; dynamic dimensions get sizes that differ."""
    names = sorted({dim for tensor in spec.inputs for dim in tensor.shape if isinstance(dim, str)})
    sizes = {name: 2 * index + 3 for index, name in enumerate(names)}
    return tuple(torch.ones(t.resolve(sizes), dtype=getattr(torch, t.dtype.value)) for t in spec.inputs)


def _dynamic_shapes(spec: StageSpec) -> tuple[dict[int, Dim], ...]:
    """One `Dim` per name, shared by all inputs: separate ones would lose that the caches belong together."""
    names = {dim for tensor in spec.inputs for dim in tensor.shape if isinstance(dim, str)}
    dims = {name: Dim(name, min=1, max=_LONGEST) for name in names}
    return tuple(
        {axis: dims[dim] for axis, dim in enumerate(tensor.shape) if isinstance(dim, str)} for tensor in spec.inputs
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress and advice from users; its errors are exceptions and pass."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _check_border(model: onnx.ModelProto, spec: StageSpec) -> None:
    """Every spec'd tensor is there under its name, with its type and dimensions."""
    found = {value.name: value for value in (*model.graph.input, *model.graph.output)}
    for tensor in (*spec.inputs, *spec.outputs):
        value = found.get(tensor.name)
        if value is None or not _agrees(value, tensor):
            raise CheckpointError(
                f"stage {spec.name}: the exported graph has {_text(value)} where {tensor} was expected; "
                "this combination of PyTorch and checkpoint is not supported"
            )


def _agrees(value: onnx.ValueInfoProto, tensor: TensorSpec) -> bool:
    kind = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name
    dims = [dim.dim_param or dim.dim_value for dim in kind.shape.dim]
    fixed = all(not isinstance(want, int) or got == want for got, want in zip(dims, tensor.shape, strict=False))
    return dtype == tensor.dtype.value and len(dims) == len(tensor.shape) and fixed


def _text(value: onnx.ValueInfoProto | None) -> str:
    return "nothing" if value is None else str(onnx.helper.printable_value_info(value))

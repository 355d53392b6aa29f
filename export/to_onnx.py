"""The only call into the exporter: a stage's module becomes one self-contained ONNX file."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from speechtrt.errors import CheckpointError
from speechtrt.export.families.base import Sizes, StageGraph
from speechtrt.export.graph_names import tidy
from speechtrt.export.quiet import quiet
from speechtrt.export.state_io import OPSET
from speechtrt.specs import StageSpec, TensorSpec

_ANY = Sizes(1, 3, 1 << 16)


class _Flat(nn.Module):
    """All inputs as one argument list, so that every stage is traced the same way."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs: tuple[Tensor, ...] = self.module(*inputs)
        return outputs


def export_stage(graph: StageGraph, path: Path, opset: int = OPSET) -> None:
    """Write `graph` to `path`, weights inside. Raises CheckpointError when the graph does not match its spec."""
    spec = graph.spec
    with torch.no_grad(), quiet():
        program = torch.onnx.export(
            _Flat(graph.module).eval(),
            example_inputs(graph),
            dynamo=True,
            verbose=False,
            opset_version=opset,
            input_names=[tensor.name for tensor in spec.inputs],
            output_names=[tensor.name for tensor in spec.outputs],
            dynamic_shapes=(_dynamic_shapes(graph),),
        )
    assert program is not None
    tidy(program.model)
    _check_border(program.model.graph, spec)
    program.save(path, external_data=False)


def example_inputs(graph: StageGraph) -> tuple[Tensor, ...]:
    """Something of every input's type and shape to trace with; dynamic dimensions get sizes that differ."""
    sizes = {name: 2 * index + 3 for index, name in enumerate(_dims(graph.spec))}
    sizes |= {name: size.example for name, size in graph.sizes.items()}
    return tuple(torch.ones(t.resolve(sizes), dtype=getattr(torch, t.dtype.value)) for t in graph.spec.inputs)


def _dims(spec: StageSpec) -> list[str]:
    return sorted({dim for tensor in spec.inputs for dim in tensor.shape if isinstance(dim, str)})


def _dynamic_shapes(graph: StageGraph) -> tuple[dict[int, Dim], ...]:
    """One `Dim` per name, shared by all inputs: separate ones would lose that the caches belong together."""
    sizes = {name: graph.sizes.get(name, _ANY) for name in _dims(graph.spec)}
    dims = {name: Dim(name, min=size.smallest, max=size.largest) for name, size in sizes.items()}
    return tuple(
        {axis: dims[dim] for axis, dim in enumerate(tensor.shape) if isinstance(dim, str)}
        for tensor in graph.spec.inputs
    )


def _check_border(graph: Any, spec: StageSpec) -> None:
    """Inputs and outputs are the spec's, in its order, with its types and dimensions."""
    for values, tensors in ((graph.inputs, spec.inputs), (graph.outputs, spec.outputs)):
        found = [_text(value) for value in values]
        if len(values) != len(tensors) or not all(map(_agrees, values, tensors)):
            raise CheckpointError(
                f"stage {spec.name}: the exported graph has {', '.join(found)}, which is not what the family declares "
                f"({', '.join(tensor.name for tensor in tensors)}); use the PyTorch version of constraints.txt"
            )


def _agrees(value: Any, tensor: TensorSpec) -> bool:
    """Fixed dimensions agree; of dynamic ones only the inputs' names are ours, outputs may be expressions."""
    dims = list(value.shape)
    fixed = all(isinstance(want, str) or got == want for got, want in zip(dims, tensor.shape, strict=False))
    same_type = value.dtype.numpy().name == tensor.dtype.value
    return bool(value.name == tensor.name and same_type and len(dims) == len(tensor.shape) and fixed)


def _text(value: Any) -> str:
    return f"{value.name} {value.dtype} {value.shape}"

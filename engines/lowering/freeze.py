"""Gives a named dimension one fixed size, because TensorRT wants a static cache length."""

from collections.abc import Mapping

from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.specs import StageSpec


def freeze(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """A copy in which every dimension named in `sizes` has that size."""
    model = graph.copy().model
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
    return Graph(infer_shapes(model))


def refreeze(graph: Graph, stage: StageSpec, dim: str, size: int) -> Graph:
    """A copy of a frozen graph with another size wherever `stage`, whose border it has, names `dim`."""
    model = graph.copy().model
    axes = {t.name: [i for i, d in enumerate(t.shape) if d == dim] for t in (*stage.inputs, *stage.outputs)}
    for value in [*model.graph.input, *model.graph.output]:
        for axis in axes.get(value.name, ()):
            value.type.tensor_type.shape.dim[axis].dim_value = size
    del model.graph.value_info[:]
    return Graph(infer_shapes(model))

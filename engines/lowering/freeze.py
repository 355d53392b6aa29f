"""Gives a named dimension one fixed size, because TensorRT wants a static cache length."""

from collections.abc import Mapping

from speechtrt.engines.graph import Graph, infer_shapes


def freeze(graph: Graph, sizes: Mapping[str, int]) -> Graph:
    """A copy in which every dimension named in `sizes` has that size."""
    model = graph.copy().model
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param in sizes:
                dim.dim_value = sizes[dim.dim_param]
    return Graph(infer_shapes(model))

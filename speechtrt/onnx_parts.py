"""Everything that an ONNX model holds, however deep: in graphs inside nodes, in functions, in attributes."""

from collections.abc import Iterable, Iterator

from onnx import GraphProto, ModelProto, NodeProto, SparseTensorProto, TensorProto


def every_graph(model: ModelProto) -> Iterator[GraphProto]:
    """The graph, and every graph inside its nodes and those of functions."""
    yield model.graph
    waiting = [model.graph.node, *(function.node for function in model.functions)]
    while waiting:
        for graph in _graphs(waiting.pop()):
            yield graph
            waiting.append(graph.node)


def every_node(model: ModelProto) -> Iterator[NodeProto]:
    """The nodes of every graph and function."""
    for graph in every_graph(model):
        yield from graph.node
    for function in model.functions:
        yield from function.node


def every_tensor(model: ModelProto) -> Iterator[TensorProto]:
    """Weights and constants, and the numbers and places of sparse ones."""
    for graph in every_graph(model):
        yield from graph.initializer
        yield from _parts(graph.sparse_initializer)
    for item in (item for node in every_node(model) for item in node.attribute):
        yield from item.tensors
        yield from _parts(item.sparse_tensors)
        if item.HasField("t"):
            yield item.t
        if item.HasField("sparse_tensor"):
            yield from _parts((item.sparse_tensor,))


def _graphs(nodes: Iterable[NodeProto]) -> Iterator[GraphProto]:
    for item in (item for node in nodes for item in node.attribute):
        yield from item.graphs
        if item.HasField("g"):
            yield item.g


def _parts(sparse: Iterable[SparseTensorProto]) -> Iterator[TensorProto]:
    for tensor in sparse:
        yield tensor.values
        yield tensor.indices

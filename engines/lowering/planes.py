"""1-D convolutions as 2-D ones of height one, because ONNX Runtime has its blocked kernels for planes only.

Measured on AVX-512: a quarter less time for a vocoder. How the blocked kernels add up does not depend on the number of
threads and rows either, while the plain kernels cut long sums differently for one row and for many.
"""

import numpy as np
from onnx import NodeProto, helper

from speechtrt.engines.graph import Graph, attribute

CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
ELEMENTWISE = frozenset({"Add", "Div", "LeakyRelu", "Mul", "Relu", "Sigmoid", "Sub", "Tanh"})
HEIGHT = 2  # the new axis of [rows, channels, 1, time]
INNER = {"dilations": 1, "kernel_shape": 1, "strides": 1, "output_padding": 0}  # what the new axis gets


def lift_convolutions(flat: Graph) -> Graph:
    """A copy in which float 1-D convolutions, and the elementwise nodes between them, work on planes."""
    lift = _Lift(flat.copy())
    for node in list(lift.graph.nodes):
        lift.append(node)
    lift.graph.replace_nodes(lift.nodes)
    return lift.graph


class _Lift:
    """Emits nodes; a tensor exists as a line [rows, channels, time], as a plane, or as both when both are read."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[NodeProto] = []
        self._lines = {*graph.input_names, *graph.initializers, ""}
        self._planes: dict[str, str] = {}
        self._axis = graph.add_initializer("plane_height", np.array([HEIGHT], np.int64))

    def append(self, node: NodeProto) -> None:
        """The node on planes where it can be, behind what its inputs need."""
        if self._is_convolution(node):
            self._convolution(node)
        elif node.op_type in ELEMENTWISE and self._between_planes(node):
            self._lifted(node)
        else:
            for name in node.input:
                self._line(name)
            self._lines.update(node.output)
            self.nodes.append(node)

    def _is_convolution(self, node: NodeProto) -> bool:
        """Of one dimension, with a float weight of its own; integer kernels are no faster on planes."""
        if node.op_type not in CONVOLUTIONS:
            return False
        weight = self.graph.initializers.get(node.input[1])
        return weight is not None and len(weight.dims) == 3 and len(self.graph.consumers[node.input[1]]) == 1

    def _between_planes(self, node: NodeProto) -> bool:
        """Whether every input is on planes already, or one number."""
        lifted = [name for name in node.input if name in self._planes]
        single = [name for name in node.input if (value := self.graph.constant(name)) is not None and value.size == 1]
        return bool(lifted) and len(lifted) + len(single) == len(node.input)

    def _convolution(self, node: NodeProto) -> None:
        weight = self.graph.constant(node.input[1])
        assert weight is not None
        self._plane(node.input[0])
        node.input[1] = self.graph.add_initializer(f"{node.input[1]}_plane", np.expand_dims(weight, HEIGHT))
        for item in node.attribute:
            if item.name in INNER:
                item.ints.insert(0, INNER[item.name])
        _spread_pads(node)
        self._lifted(node)

    def _lifted(self, node: NodeProto) -> None:
        node.input[:] = [self._planes.get(name, name) for name in node.input]
        result = node.output[0]
        node.output[0] = self._planes[result] = f"{result}_plane"
        self.nodes.append(node)
        if result in self.graph.output_names:
            self._line(result)

    def _plane(self, name: str) -> None:
        if name not in self._planes:
            self._planes[name] = f"{name}_plane"
            self._reshape("Unsqueeze", name, f"{name}_plane")

    def _line(self, name: str) -> None:
        if name not in self._lines:
            self._lines.add(name)
            self._reshape("Squeeze", self._planes[name], name)

    def _reshape(self, kind: str, source: str, target: str) -> None:
        self.nodes.append(helper.make_node(kind, [source, self._axis], [target], name=f"{target}_{kind.lower()}"))


def _spread_pads(node: NodeProto) -> None:
    pads = attribute(node, "pads", None)
    if isinstance(pads, list):
        begin, end = pads
        item = next(item for item in node.attribute if item.name == "pads")
        item.ints[:] = [0, begin, 0, end]

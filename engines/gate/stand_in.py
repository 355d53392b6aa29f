"""A graph that ONNX Runtime computes on a CPU as a GPU would: what is FP16 really is rounded to 16 bits.

Its CPU kernels compute FP16 operators in FP32 and it drops the casts between them, so that a value beyond the range of
FP16 would pass unnoticed. A tensor on its way through Unsqueeze and Squeeze has to exist in 16 bits.
"""

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.graph import Graph, infer_shapes

AXES = "stand_in_axes"
MOVERS = frozenset({"TensorScatter", "DequantizeLinear", "Reshape", "Transpose", "Squeeze", "Unsqueeze", "Gather"})


def stand_in(graph: Graph) -> Graph:
    """`graph` itself when nothing in it is FP16, else one that computes the same with every FP16 result rounded.

    Operators that only move values (`MOVERS`) are left alone, and so is the border, where types are real.
    """
    typed = Graph(infer_shapes(graph.model))
    halves = {name for name in typed.producers if typed.element(name) == TensorProto.FLOAT16}
    if not halves:
        return graph
    halves -= {*typed.output_names, *(name for node in typed.nodes if node.op_type in MOVERS for name in node.output)}
    rounded = graph.copy()
    rounded.add_initializer(AXES, np.array([0], np.int64))
    rounded.replace_nodes([step for node in rounded.nodes for step in _rounded(node, halves)])
    return rounded


def _rounded(node: NodeProto, halves: set[str]) -> list[NodeProto]:
    steps = [node]
    for index, name in enumerate(node.output):
        if name in halves:
            wide, exact = f"{name}/wide", f"{name}/exact"
            node.output[index] = exact
            steps += [
                helper.make_node("Unsqueeze", [exact, AXES], [wide], name=wide),
                helper.make_node("Squeeze", [wide, AXES], [name], name=f"{name}/rounded"),
            ]
    return steps

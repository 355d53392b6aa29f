"""Logarithms one row at a time, because ONNX Runtime's differ in the last bit with the place of a value in the batch.

Threads split a batch anywhere, and what does not fill a vector at the end of a part is computed by another function.
Within one row the parts are the same whatever the batch is. The loop costs nothing that can be measured.
"""

from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.graph import Graph


def split_logarithms(whole: Graph) -> Graph:
    """A copy with every Log over rows in a Scan over them; one of a vector or scalar stays."""
    graph = whole.copy()
    graph.replace_nodes(_by_rows(node) if _over_rows(graph, node) else node for node in list(graph.nodes))
    return graph


def _over_rows(graph: Graph, node: NodeProto) -> bool:
    return node.op_type == "Log" and len(graph.shape(node.input[0]) or ()) > 1


def _by_rows(node: NodeProto) -> NodeProto:
    row, result = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("row", "log"))
    body = helper.make_graph([helper.make_node("Log", ["row"], ["log"])], "row", [row], [result])
    return helper.make_node("Scan", node.input, node.output, name=f"{node.name}_rows", num_scan_inputs=1, body=body)

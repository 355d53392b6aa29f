"""How large activations get: the canonical graph is played once more with a maximum beside every tensor of interest."""

from collections.abc import Iterable

from onnx import TensorProto, helper

from speechtrt.engines.evaluation import Evaluation, answers
from speechtrt.engines.graph import Graph

Ranges = dict[str, float]


def measure_ranges(canonical: Graph, tensors: Iterable[str], inputs: Evaluation) -> Ranges:
    """Largest absolute value of each tensor over all recorded scenarios."""
    graph = canonical.copy()
    names = list(dict.fromkeys(tensors))
    nodes = list(graph.nodes)
    for index, name in enumerate(names):
        size, largest = f"range_{index}_size", f"range_{index}"
        nodes.append(helper.make_node("Abs", [name], [size], name=size))
        nodes.append(helper.make_node("ReduceMax", [size], [largest], name=largest, keepdims=0))
        graph.model.graph.output.append(helper.make_tensor_value_info(largest, TensorProto.FLOAT, []))
    graph.refresh()
    graph.replace_nodes(nodes)
    found = answers(graph.to_bytes(), inputs.stage, inputs.scenarios, inputs.max_len)
    return {name: max(float(v) for v in found[f"range_{i}"]) for i, name in enumerate(names)}

"""Which values activations take: the canonical graph is played once more with its extremes as extra outputs."""

from collections.abc import Iterable
from dataclasses import dataclass

from onnx import TensorProto, helper

from speechtrt.engines.evaluation import answers
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import Playlist


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest and largest recorded value of a tensor."""

    low: float
    high: float

    @property
    def largest(self) -> float:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))


def measure_ranges(canonical: Graph, tensors: Iterable[str], inputs: Playlist) -> dict[str, Range]:
    """Range of each tensor over all recorded scenarios."""
    graph = canonical.copy()
    names = list(dict.fromkeys(tensors))
    nodes = list(graph.nodes)
    for index, name in enumerate(names):
        for kind, reduce in (("low", "ReduceMin"), ("high", "ReduceMax")):
            extreme = f"range_{index}_{kind}"
            nodes.append(helper.make_node(reduce, [name], [extreme], name=extreme, keepdims=0))
            graph.model.graph.output.append(helper.make_tensor_value_info(extreme, TensorProto.FLOAT, []))
    graph.refresh()
    graph.replace_nodes(nodes)
    found = answers(graph.to_bytes(), inputs)
    return {
        name: Range(
            min(float(v) for v in found[f"range_{i}_low"]),
            max(float(v) for v in found[f"range_{i}_high"]),
        )
        for i, name in enumerate(names)
    }

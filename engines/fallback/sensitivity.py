"""How much error each rewrite makes by itself: one run of the full graph with every rewrite in its shadow.

A shadow reads the activations of the full graph, so that no error of one part counts against another.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.evaluation import answers
from speechtrt.engines.fallback.rewrite import Rewrite
from speechtrt.engines.fallback.splice import adopt
from speechtrt.engines.gate.stand_in import stand_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import DECODER_STEPS, Playlist

FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16)


def own_errors(full: Graph, lowered: Graph, rewrites: Sequence[Rewrite], inputs: Playlist) -> list[float]:
    """Relative L2 error of each rewrite's result, over the beginnings of all scenarios; infinite when not finite."""
    graph = full.copy()
    nodes = list(graph.nodes)
    for index, rewrite in enumerate(rewrites):
        shadow = _Shadow(full, lowered, f"shadow_{index}/").nodes_for(rewrite)
        nodes += shadow
        for part in ("error", "size"):
            name = f"shadow_{index}/{part}"
            graph.model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, []))
    adopt(graph, lowered, nodes)
    graph.refresh()
    graph.replace_nodes(nodes)
    found = answers(stand_in(graph).to_bytes(), _beginnings(inputs))
    return [_relative(found[f"shadow_{i}/error"], found[f"shadow_{i}/size"]) for i in range(len(rewrites))]


def _beginnings(inputs: Playlist) -> Playlist:
    return replace(inputs, scenarios=tuple(replace(s, steps=s.steps[:DECODER_STEPS]) for s in inputs.scenarios))


def _relative(errors: Sequence[np.ndarray], sizes: Sequence[np.ndarray]) -> float:
    error, size = (float(np.sum(np.asarray(part, np.float64))) for part in (errors, sizes))
    if not np.isfinite(error) or not np.isfinite(size):
        return float("inf")
    return float(np.sqrt(error / size)) if size > 0 else float("inf" if error > 0 else 0)


class _Shadow:
    """Copies of a rewrite's nodes under new names, and the squares of what they get wrong."""

    def __init__(self, full: Graph, lowered: Graph, prefix: str) -> None:
        self._full = full
        self._lowered = lowered
        self._prefix = prefix

    def nodes_for(self, rewrite: Rewrite) -> list[NodeProto]:
        names = {name: f"{self._prefix}{name}" for node in rewrite.nodes for name in node.output if name}
        nodes: list[NodeProto] = []
        for source in rewrite.sources:
            if self._lowered.element(source) != self._full.element(source) and self._lowered.element(source) in FLOATS:
                names[source] = f"{self._prefix}{source}"
                nodes.append(self._node("Cast", [source], names[source], to=self._lowered.element(source)))
        for node in rewrite.nodes:
            copy = NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{self._prefix}{node.name}"
            copy.input[:] = [names.get(name, name) for name in node.input]
            copy.output[:] = [names.get(name, name) for name in node.output]
            nodes.append(copy)
        return [*nodes, *self._measured(rewrite.result, names[rewrite.result])]

    def _measured(self, result: str, found: str) -> list[NodeProto]:
        """Sums of squares of the difference and of the true result, in float32."""
        p = self._prefix
        return [
            self._node("Cast", [found], f"{p}found", to=TensorProto.FLOAT),
            self._node("Cast", [result], f"{p}true", to=TensorProto.FLOAT),
            self._node("Sub", [f"{p}found", f"{p}true"], f"{p}difference"),
            self._node("ReduceSumSquare", [f"{p}difference"], f"{p}error", keepdims=0),
            self._node("ReduceSumSquare", [f"{p}true"], f"{p}size", keepdims=0),
        ]

    def _node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> NodeProto:
        return helper.make_node(kind, inputs, [output], name=output, **attributes)

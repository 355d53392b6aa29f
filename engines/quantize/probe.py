"""A graph with a few results more, played once on recorded inputs."""

from collections.abc import Iterable

from onnx import NodeProto, TensorProto, helper

from speechtrt.engines.evaluation import answers
from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import Playlist


class Probe:
    """`graph` is a copy; constants that new nodes need go there."""

    def __init__(self, canonical: Graph) -> None:
        self.graph = canonical.copy()
        self._nodes = list(self.graph.nodes)

    def add(self, nodes: Iterable[NodeProto], result: str, kind: int = TensorProto.FLOAT) -> None:
        """Nodes behind those there are, and the tensor of theirs to hand out, which is a scalar or of any shape."""
        self._nodes += nodes
        self.graph.model.graph.output.append(helper.make_tensor_value_info(result, kind, None))

    def play(self, inputs: Playlist) -> Outputs:
        """Every result, run by run. Raises BuildError."""
        self.graph.replace_nodes(self._nodes)
        return answers(self.graph.to_bytes(), inputs)

"""What a vocoder does not survive with fewer bits, however small the error is by itself."""

from speechtrt.engines.graph import Graph
from speechtrt.engines.policy import heavy_nodes

REASON = "first of a vocoder: the loudness of every sample hangs on what it reads"


def first_convolutions(graph: Graph) -> frozenset[str]:
    """Convolutions with no heavy node before them, in a graph that makes samples of frames.

    They read logarithms, so that an error of theirs is a factor of the sound.
    """
    if all(node.op_type != "ConvTranspose" for node in graph.nodes):
        return frozenset()
    products = {name for node in heavy_nodes(graph) for name in node.output}
    convolutions = (node for node in graph.nodes if node.op_type == "Conv")
    return frozenset(node.name for node in convolutions if not products & graph.ancestors(node.input[0]))

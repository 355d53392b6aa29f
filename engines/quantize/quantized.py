"""What quantisation hands back."""

from dataclasses import dataclass

from speechtrt.engine_set import NodePolicy
from speechtrt.engines.graph import Graph


@dataclass(frozen=True, slots=True)
class Quantized:
    """A graph with INT8 products, and what was decided for each heavy node."""

    graph: Graph
    policy: tuple[NodePolicy, ...]

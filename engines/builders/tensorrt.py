"""TensorRT for RTX GPUs, built ahead of time on any machine."""

from pathlib import Path

from speechtrt.engine_set import Profile
from speechtrt.engines.builders.rtx_network import (
    compile_network,
    deserialise,
    messages,
    parse_network,
    summary,
)
from speechtrt.engines.graph import Graph
from speechtrt.errors import BuildError

NO_DRIVER = "cudaError"


class TensorRTBuilder:
    """Strongly typed: the graph alone decides the precision."""

    suffix = ".engine"

    def build(self, graph: Graph, profiles: tuple[Profile, ...]) -> bytes:
        """See EngineBuilder."""
        with messages() as said:
            return compile_network(parse_network(graph, said), graph, profiles, said)

    def open(self, path: Path) -> str:
        """See EngineBuilder. Reading an engine back needs a CUDA driver."""
        with messages() as said:
            if deserialise(path.read_bytes()):
                return ""
            if any(NO_DRIVER in message for message in said):
                return "not opened: this machine has no CUDA driver"
            raise BuildError(f"{path}: TensorRT-RTX refuses this engine: {summary(said)}; build it again")

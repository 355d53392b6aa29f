"""ONNX Runtime on a GPU: the engine is the lowered graph itself, since its kernels are chosen where it runs."""

from pathlib import Path

from speechtrt.engine_set import EngineStage, NodePolicy, Profile
from speechtrt.engines.graph import Graph
from speechtrt.engines.session import open_session


class GraphFileBuilder:
    """Writes an `.onnx` on any machine. What can be checked without a GPU is that the CPU runs the same graph."""

    suffix = ".onnx"

    def build(self, graph: Graph, profiles: tuple[Profile, ...], policy: tuple[NodePolicy, ...] = ()) -> bytes:
        """See EngineBuilder. Profiles do not matter: one graph takes all sizes but a frozen one."""
        model = graph.to_bytes()
        open_session(model)
        return model

    def open(self, path: Path, stage: EngineStage) -> str:
        """See EngineBuilder."""
        open_session(path)
        return "opened on the CPU only: its kernels are chosen where it runs"

"""ONNX Runtime on the CPU: the engine is the lowered graph with the optimisations of every CPU done ahead of time."""

import tempfile
from pathlib import Path

from speechtrt.engine_set import EngineStage, NodePolicy, Profile
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.logarithm import split_logarithms
from speechtrt.engines.lowering.planes import lift_convolutions
from speechtrt.engines.session import onnxruntime, open_session, session_options


class OrtBuilder:
    """Writes an `.onnx` that opens quickly; optimisations for one kind of CPU are left to the loading session."""

    suffix = ".onnx"

    def build(self, graph: Graph, profiles: tuple[Profile, ...], policy: tuple[NodePolicy, ...] = ()) -> bytes:
        """See EngineBuilder. Profiles do not matter: one engine runs all sizes."""
        options = session_options()
        options.graph_optimization_level = onnxruntime().GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "optimised.onnx"
            options.optimized_model_filepath = str(path)
            open_session(split_logarithms(lift_convolutions(graph)).to_bytes(), options)
            return path.read_bytes()

    def open(self, path: Path, stage: EngineStage) -> str:
        """See EngineBuilder."""
        open_session(path)
        return ""

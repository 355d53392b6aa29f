"""Operator sets in which quantisation can be written down: older know neither FP16 scales nor blocks of weights."""

import onnx

from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.errors import BuildError

OLDEST = 21


def modernised(graph: Graph) -> Graph:
    """`graph` itself, or the same of operator set OLDEST. Raises BuildError when an operator cannot be translated."""
    version = next((entry.version for entry in graph.model.opset_import if entry.domain in ("", "ai.onnx")), OLDEST)
    if version >= OLDEST:
        return graph
    try:
        return Graph(infer_shapes(onnx.version_converter.convert_version(graph.model, OLDEST)))
    except (RuntimeError, ValueError) as error:
        what = str(error).strip().split("\n", 1)[0]
        raise BuildError(
            f"the graph is of opset {version} and cannot be brought to {OLDEST} ({what}); export it with a newer one"
        ) from error

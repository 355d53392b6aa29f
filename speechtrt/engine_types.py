"""What a deserialised TensorRT engine says of its own types, held against what its manifest says.

Only where a driver answers can an engine be deserialised; builder and runtime then ask the same questions.
"""

import json
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any

from speechtrt.engine_set import EngineStage
from speechtrt.precision import Precision

DTYPES = {"FLOAT": "float32", "HALF": "float16", "INT64": "int64", "INT32": "int32", "BOOL": "bool"}
WORDS = {
    Precision.FP32: re.compile(r"fp32|float(?!\d)|float32", re.IGNORECASE),
    Precision.FP16: re.compile(r"fp16|half|float16", re.IGNORECASE),
    Precision.INT8: re.compile(r"int8(?!\d)", re.IGNORECASE),
    Precision.FP8: re.compile(r"fp8|float8|e4m3", re.IGNORECASE),
    Precision.INT4: re.compile(r"int4(?!\d)", re.IGNORECASE),
}
FORMATS = ("Format/Datatype", "Datatype", "Format", "Type")
LEAST_SHARE = 0.5  # TensorRT may undo some pairs, but one that undid most of them had no kernels for the precision


def find_disagreement(module: Any, engine: Any, stage: EngineStage) -> str:
    """Why an engine is not what its manifest says, as half a sentence; "" when it is, or does not tell.

    Types of the border must be the manifest's. Of the weights whose layers tell their types, at least LEAST_SHARE
    must be in the stage's precision.
    """
    for tensor in (*stage.spec.inputs, *stage.spec.outputs):
        found = DTYPES.get(engine.get_tensor_dtype(tensor.name).name)
        if found != tensor.dtype:
            return f"the engine has {tensor.name} as {found}, its manifest as {tensor.dtype}"
    nodes = {row.node for row in stage.policy if row.precision is stage.precision and row.weights}
    share = lowered_share(told_types(layers(module, engine), nodes), stage)
    if share is not None and share < LEAST_SHARE:
        return (
            f"the engine computes {100 * share:.0f} % of the weights that its manifest has as {stage.precision} "
            f"in {stage.precision}, expected at least {100 * LEAST_SHARE:.0f} %"
        )
    return ""


def lowered_share(told: Mapping[str, set[Precision]], stage: EngineStage) -> float | None:
    """Share of the weights of nodes in the stage's precision whose layers use it; None when no layer tells."""
    rows = [row for row in stage.policy if row.precision is stage.precision and row.weights and row.node in told]
    total = sum(row.weights for row in rows)
    return sum(row.weights for row in rows if stage.precision in told[row.node]) / total if total else None


def layers(module: Any, engine: Any) -> list[Mapping[str, Any]]:
    """What the engine inspector tells of each layer; nothing for an engine that was built without details."""
    text = engine.create_engine_inspector().get_engine_information(module.LayerInformationFormat.JSON)
    try:
        found = json.loads(text).get("Layers", [])
    except (ValueError, AttributeError):
        return []
    return [layer for layer in found if isinstance(layer, Mapping)]


def told_types(found: list[Mapping[str, Any]], nodes: Container[str]) -> dict[str, set[Precision]]:
    """Number formats of the layers that each of `nodes` became; those whose layers tell none are left out.

    Of a layer that several of them were fused into, and of a foreign node, only the border's formats are known.
    """
    told: dict[str, set[Precision]] = {}
    for layer in found:
        kinds = {kind for text in _formats(layer) for kind, word in WORDS.items() if word.search(text)}
        inside = [node for node in _nodes(layer) if node in nodes]
        if kinds and len(inside) == 1 and "ForeignNode" not in str(layer.get("Name")):
            told.setdefault(inside[0], set()).update(kinds)
    return told


def _formats(layer: Mapping[str, Any]) -> Iterator[str]:
    """Every text that names a format of the layer's tensors and weights."""
    for value in layer.values():
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if isinstance(part, Mapping):
                yield from (text for key, text in part.items() if key in FORMATS and isinstance(text, str))


def _nodes(layer: Mapping[str, Any]) -> list[str]:
    return re.findall(r"\[ONNX Layer: ([^\]]*)\]", str(layer.get("Metadata", "")))

"""What an engine tells of its types, held against its manifest; an engine that tells nothing is not accused."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from speechtrt.artifact import FileEntry
from speechtrt.engine_set import EngineStage, NodePolicy
from speechtrt.engine_types import find_disagreement, layers, lowered_share, told_types
from speechtrt.precision import Precision
from speechtrt.specs import DType, StageSpec, TensorSpec

MODULE = SimpleNamespace(LayerInformationFormat=SimpleNamespace(JSON=1))
BORDER = (TensorSpec("x", DType.FLOAT16, ("rows", 8)),), (TensorSpec("y", DType.FLOAT16, ("rows", 8)),)


def stage(precision: Precision, **weights: int) -> EngineStage:
    policy = tuple(NodePolicy(name, "MatMul", precision, "", size) for name, size in weights.items())
    return EngineStage(
        StageSpec("s", "s.engine", *BORDER), FileEntry("s.engine", "", 0), precision, policy, (), 0.0, ""
    )


def layer(nodes: str, kind: str, key: str = "Format/Datatype") -> dict[str, Any]:
    """As TensorRT writes one: fused nodes are listed one after the other."""
    metadata = "\x1e".join(f"[ONNX Layer: {name}]" for name in nodes.split())
    tensor = {"Name": "t", "Dimensions": [-1, 8], key: kind}
    return {"Name": nodes, "LayerType": "gemm", "Inputs": [tensor], "Outputs": [tensor], "Metadata": metadata}


class Engine:
    """As the bindings show one."""

    def __init__(self, told: str, **types: str) -> None:
        self._told, self._types = told, types

    def get_tensor_dtype(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(name=self._types.get(name, "HALF"))

    def create_engine_inspector(self) -> SimpleNamespace:
        return SimpleNamespace(get_engine_information=lambda form: self._told)


def engine(*told: object, **types: str) -> Engine:
    return Engine(json.dumps({"Layers": list(told), "Bindings": []}), **types)


@pytest.mark.parametrize(
    ("precision", "said"),
    [
        (Precision.INT8, "Int8"),
        (Precision.INT8, "Four wide channel vectorized row major Int8 format"),
        (Precision.FP16, "Half"),
        (Precision.FP16, "Row major linear FP16 format"),
        (Precision.FP32, "Float"),
        (Precision.FP32, "Row major linear FP32"),
        (Precision.FP8, "FP8"),
    ],
)
def test_an_engine_in_its_precision_agrees(precision: Precision, said: str) -> None:
    told = engine(layer("a relu", said), layer("b", said))
    assert lowered_share(told_types(layers(MODULE, told), {"a", "b"}), stage(precision, a=10, b=10)) == 1.0
    assert find_disagreement(MODULE, told, stage(precision, a=10, b=10)) == ""


@pytest.mark.parametrize(("precision", "said"), [(Precision.INT8, "Half"), (Precision.FP16, "Float")])
def test_a_precision_that_was_not_used_is_found(precision: Precision, said: str) -> None:
    found = find_disagreement(MODULE, engine(layer("a", said), layer("b", said)), stage(precision, a=10, b=10))
    assert found.startswith(f"the engine computes 0 % of the weights that its manifest has as {precision}")


def test_some_pairs_may_be_undone() -> None:
    told = engine(layer("a", "Int8"), layer("b", "Half"))
    assert find_disagreement(MODULE, told, stage(Precision.INT8, a=60, b=40)) == ""
    assert "40 % of the weights" in find_disagreement(MODULE, told, stage(Precision.INT8, a=40, b=60))


def test_a_border_of_another_type_is_found() -> None:
    found = find_disagreement(MODULE, engine(y="FLOAT"), stage(Precision.FP16, a=1))
    assert found == "the engine has y as float32, its manifest as float16"


@pytest.mark.parametrize(
    "told",
    ['{"Layers": ["a", "b"]}', "", "[]", '{"Layers": [{"Name": "a", "Metadata": "[ONNX Layer: a]"}]}'],
)
def test_an_engine_that_tells_nothing_is_not_accused(told: str) -> None:
    assert find_disagreement(MODULE, Engine(told), stage(Precision.INT8, a=1)) == ""


def test_dynamic_shapes_tell_the_type_of_weights_only() -> None:
    unknown = layer("a", "N/A due to dynamic shapes") | {"Weights": {"Type": "Int8", "Count": 64}}
    assert told_types(layers(MODULE, engine(unknown)), {"a"}) == {"a": {Precision.INT8}}


@pytest.mark.parametrize("fused", [layer("a b", "Half"), layer("a", "Half") | {"Name": "{ForeignNode[a...c]}"}])
def test_a_fused_layer_tells_its_border_only(fused: dict[str, Any]) -> None:
    assert told_types(layers(MODULE, engine(fused)), {"a", "b"}) == {}
    assert find_disagreement(MODULE, engine(fused), stage(Precision.INT8, a=1, b=1)) == ""

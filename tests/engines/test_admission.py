"""ONNX files from anywhere: what could open other files, run foreign code or fill the memory is refused by name."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper

from speechtrt.engines.admission import read_model
from speechtrt.engines.graph import Graph
from speechtrt.errors import BuildError
from tests.engines import tiny_graphs as tiny


def external(model: ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../../secret")


def custom(model: ModelProto) -> None:
    model.graph.node[0].domain = "com.stranger"


def custom_inside(model: ModelProto) -> None:
    body = helper.make_graph([helper.make_node("Evil", [], ["y"], domain="com.stranger")], "body", [], [])
    model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body))


def custom_in_a_function(model: ModelProto) -> None:
    evil = helper.make_node("Evil", ["x"], ["y"], domain="com.stranger")
    opsets = [helper.make_opsetid("com.stranger", 1)]
    model.functions.append(helper.make_function("ai.onnx", "Nice", ["x"], ["y"], [evil], opsets))


def external_inside(model: ModelProto) -> None:
    body = helper.make_graph([helper.make_node("Identity", ["w"], ["y"])], "body", [], [], [secret()])
    model.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body))


def external_in_a_list(model: ModelProto) -> None:
    node = helper.make_node("Identity", ["x"], ["z"])
    node.attribute.append(helper.make_attribute("values", [secret()]))
    model.graph.node.append(node)


def secret() -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL, dims=[1])
    tensor.external_data.add(key="location", value="../../secret")
    return tensor


def sparse(model: ModelProto) -> None:
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    places = helper.make_tensor("places", TensorProto.INT64, [1], [0])
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [1 << 40]))


def endless_input(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim.add(dim_value=1 << 40)


def absurd(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [1 << 40, 1 << 20]


def negative(model: ModelProto) -> None:
    model.graph.initializer[0].dims[:] = [-4, 8]


def short(model: ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-4]


def not_a_number(model: ModelProto) -> None:
    weight = model.graph.initializer[0]
    weight.raw_data = np.float32(np.nan).tobytes() + weight.raw_data[4:]


def empty(model: ModelProto) -> None:
    del model.graph.node[:]


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (external, r"lies in another file \(../../secret\)"),
        (custom, "com.stranger::.*custom operator"),
        (custom_inside, "com.stranger::Evil, a custom operator"),
        (custom_in_a_function, "com.stranger::Evil, a custom operator"),
        (external_inside, r"weight w lies in another file \(../../secret\)"),
        (external_in_a_list, r"weight w lies in another file \(../../secret\)"),
        (sparse, "holds sparse weights"),
        (endless_input, "has the fixed sizes .*1099511627776"),
        (absurd, "claims the shape"),
        (negative, "claims the shape"),
        (short, "does not hold what its shape"),
        (not_a_number, "holds NaN; mend the checkpoint"),
        (empty, "holds no nodes"),
    ],
)
def test_an_unsound_model_is_refused_in_one_line(
    tmp_path: Path, damage: Callable[[ModelProto], None], says: str
) -> None:
    model = tiny.decoder()
    damage(model)
    path = tmp_path / "decoder.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BuildError, match=says) as caught:
        Graph.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_model_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "decoder.onnx"
    path.write_bytes(b"\xff not a model")
    with pytest.raises(BuildError, match="is not an ONNX model"):
        read_model(path)


def test_a_sound_model_is_read(tmp_path: Path) -> None:
    path = tmp_path / "decoder.onnx"
    path.write_bytes(tiny.decoder().SerializeToString())
    assert len(read_model(path).graph.node) == len(tiny.decoder().graph.node)

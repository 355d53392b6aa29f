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

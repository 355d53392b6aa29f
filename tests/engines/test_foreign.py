"""Stages that another tool has quantised, in the form of nvidia-modelopt: taken in, gated, or refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import ModelProto, NodeProto, helper, numpy_helper

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder, Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.evaluation import answers
from speechtrt.engines.fulfilment import computed_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.quantize.foreign import read_foreign
from speechtrt.engines.validate import Demands, validate_engine_set
from speechtrt.errors import BuildError, ManifestError
from speechtrt.precision import BackendName, Precision
from tests.engines.conftest import evaluation_of
from tests.engines.hostile import STAGE, everything, write_hostile_bundle
from tests.engines.test_commands import speechtrt

RTX, INT8 = BackendName.TENSORRT_RTX, Precision.INT8
RANGE = 8.0  # of every activation: all of them are normalised


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_hostile_bundle(tmp_path_factory.mktemp("foreign") / "bundle", (), 1.0)


def constant(model: ModelProto, name: str, value: np.ndarray) -> str:
    model.graph.initializer.append(numpy_helper.from_array(value, name))
    return name


def pair(model: ModelProto, tensor: str, scale: np.ndarray, zero: np.ndarray, **axis: Any) -> list[NodeProto]:
    inputs = [constant(model, f"{tensor}_scale", scale), constant(model, f"{tensor}_zero_point", zero)]
    kinds = ("QuantizeLinear", "DequantizeLinear")
    low, back = (f"{tensor}_{kind}_Output" for kind in kinds)
    return [
        helper.make_node(kinds[0], [tensor, *inputs], [low], name=f"{tensor}_{kinds[0]}", **axis),
        helper.make_node(kinds[1], [low, *inputs], [back], name=f"{tensor}_{kinds[1]}", **axis),
    ]


def quantised(bundle: Path, largest: float = RANGE, zero: np.ndarray | None = None, spoilt: str = "") -> ModelProto:
    """Every product with a constant matrix between pairs; weights stay FP32 behind a QuantizeLinear of their own.

    The product called `spoilt` has a scale that is a thousand times too large.
    """
    model = onnx.load(BundleFolder.open(bundle).file(f"{STAGE}.onnx"))
    weights = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    middle = np.int8(0) if zero is None else zero
    nodes: list[NodeProto] = []
    for node in model.graph.node:
        if node.op_type == "MatMul":
            tensor, weight = node.input
            scale = np.float32(largest / 127 * (1000 if node.name == spoilt else 1))
            columns = (np.abs(weights[weight]).max(axis=0) / 127).astype(np.float32)
            nodes += pair(model, tensor, np.array(scale), np.array(middle))
            nodes += pair(model, weight, columns, np.zeros(columns.shape, np.int8), axis=1)
            node.input[:] = [f"{name}_DequantizeLinear_Output" for name in (tensor, weight)]
        nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def saved(model: ModelProto, path: Path) -> Path:
    path.write_bytes(model.SerializeToString())
    return path


def build(folder: Path, bundle: Path, file: Path, backend: BackendName = RTX) -> EngineFolder:
    return build_engine_set(
        bundle,
        backend,
        INT8,
        folder / "set",
        cache=folder / "cache",
        quantised={STAGE: file},
        say=lambda line: None,
    )


@pytest.mark.parametrize("backend", [RTX, BackendName.ORT_CUDA])
def test_a_foreign_stage_is_lowered_gated_and_built(tmp_path: Path, bundle: Path, backend: BackendName) -> None:
    folder = build(tmp_path, bundle, saved(quantised(bundle), tmp_path / "other.onnx"), backend)
    stage = folder.manifest.stage(STAGE)
    assert (folder.manifest.status, stage.precision, stage.lowered_share) == (Status.ACCEPTED, INT8, 1.0)
    assert {row.node: row.reason for row in stage.policy} == dict.fromkeys(everything(), "quantised in other.onnx")
    assert any(row.metric == "relative_l2" and 0 < (row.value or 0) < 0.1 for row in folder.manifest.gate)
    graph = Graph.load(folder.file(f"evaluation/{STAGE}.onnx"))
    weights = [graph.constant(graph.producers[n.input[1]].input[0]) for n in graph.nodes if n.op_type == "MatMul"]
    assert {value.dtype.name for value in weights if value is not None} == {"int8"}
    assert validate_engine_set(folder.path, Demands(bundle=bundle)).passed


def test_its_worst_node_is_spared_as_any_other(tmp_path: Path, bundle: Path) -> None:
    file = saved(quantised(bundle, spoilt="up_0"), tmp_path / "other.onnx")
    stage = build(tmp_path, bundle, file).manifest.stage(STAGE)
    assert stage.precision is INT8
    assert [row.node for row in stage.policy if row.precision is not INT8] == ["up_0"]
    assert stage.search is not None
    assert stage.search.found


def test_a_useless_one_falls_back(tmp_path: Path, bundle: Path) -> None:
    folder = build(tmp_path, bundle, saved(quantised(bundle, largest=4e3), tmp_path / "other.onnx"))
    assert (folder.manifest.status, folder.manifest.precision) == (Status.FELL_BACK, Precision.FP16)
    assert "relative_l2" in folder.manifest.reason


def test_another_file_makes_the_set_stale(tmp_path: Path, bundle: Path) -> None:
    file = saved(quantised(bundle), tmp_path / "other.onnx")
    first = build(tmp_path, bundle, file).manifest
    assert build(tmp_path, bundle, file).manifest == first
    saved(quantised(bundle, largest=9.0), file)
    second = build(tmp_path, bundle, file).manifest
    assert second.builder != first.builder
    assert second.stage(STAGE).cache_key != first.stage(STAGE).cache_key


def test_results_leave_as_they_were_before_their_pair(tmp_path: Path, bundle: Path) -> None:
    """A cache that is rounded at each step would be rounded again and again, and TensorRT takes none behind a pair."""
    model = quantised(bundle)
    model.graph.node[-1].output[0] = "inner"
    pairs = pair(model, "inner", np.array(0.1, np.float32), np.array(0, np.int8))
    pairs[-1].output[0] = "hidden"
    reader = helper.make_node("Relu", ["hidden"], ["more"], name="reader")
    model.graph.node.extend([*pairs, reader])
    canonical = Graph.load(BundleFolder.open(bundle).file(f"{STAGE}.onnx"))
    model.graph.output.append(helper.make_tensor_value_info("more", onnx.TensorProto.FLOAT, ["a", "b", 32]))
    canonical.model.graph.output.append(model.graph.output[-1])
    graph = read_foreign(saved(model, tmp_path / "other.onnx"), canonical)
    assert graph.producers["hidden"].op_type == "Identity"
    (source,) = graph.producers["more"].input
    assert graph.producers[source].op_type == "DequantizeLinear"


def test_a_product_of_two_activations_is_known_by_its_zero_points(bundle: Path) -> None:
    """In a mixture nobody has inferred the types of what another tool put in between."""
    graph = Graph(quantised(bundle))
    node = next(node for node in graph.nodes if node.op_type == "MatMul")
    node.input[1] = node.input[0]
    assert computed_in(graph, node) is INT8


def plain(bundle: Path) -> ModelProto:
    return onnx.load(BundleFolder.open(bundle).file(f"{STAGE}.onnx"))


def unsigned(bundle: Path) -> ModelProto:
    return quantised(bundle, zero=np.uint8(128))  # type: ignore[arg-type]


def shifted(bundle: Path) -> ModelProto:
    return quantised(bundle, zero=np.int8(3))  # type: ignore[arg-type]


def without_zero(bundle: Path) -> ModelProto:
    model = quantised(bundle)
    del next(node for node in model.graph.node if node.op_type == "QuantizeLinear").input[2]
    return model


def renamed(bundle: Path) -> ModelProto:
    model = quantised(bundle)
    model.graph.output[0].name = model.graph.node[-1].output[0] = "other"
    return model


def halved(bundle: Path) -> ModelProto:
    model = quantised(bundle)
    model.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    return model


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (plain, "holds no QuantizeLinear and DequantizeLinear"),
        (unsigned, "has uint8 zero points from 128 to 128, expected int8 zeros"),
        (shifted, "has int8 zero points from 3 to 3"),
        (without_zero, "has no constant zero point"),
        (renamed, "expected the inputs and outputs of the bundle's stage"),
        (halved, "expected the inputs and outputs of the bundle's stage"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(
    tmp_path: Path, bundle: Path, make: Callable[[Path], ModelProto], said: str
) -> None:
    file = saved(make(bundle), tmp_path / "other.onnx")
    with pytest.raises(BuildError, match=said) as caught:
        build(tmp_path, bundle, file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "set").exists()


def test_it_is_for_gpus_and_int8_alone(tmp_path: Path, bundle: Path) -> None:
    file = saved(quantised(bundle), tmp_path / "other.onnx")
    with pytest.raises(BuildError, match="ort-cpu int8 takes no stage that another tool has quantised"):
        build(tmp_path, bundle, file, BackendName.ORT_CPU)
    with pytest.raises(BuildError, match="tensorrt-rtx fp16 takes no stage"):
        build_engine_set(bundle, RTX, Precision.FP16, tmp_path / "set", quantised={STAGE: file})
    with pytest.raises(ManifestError, match="no stage 'vocoder'"):
        build_engine_set(bundle, RTX, INT8, tmp_path / "set", quantised={"vocoder": file})
    with pytest.raises(ManifestError, match=r"nowhere\.onnx: is missing"):
        build(tmp_path, bundle, tmp_path / "nowhere.onnx")


def test_the_command_takes_it(tmp_path: Path, bundle: Path) -> None:
    saved(quantised(bundle), tmp_path / "other.onnx")
    command = ["build", str(bundle), "--backend", "ort-cuda", "--precision", "int8", "--out", "set", "--quantised"]
    done = speechtrt(tmp_path, *command, f"{STAGE}=other.onnx")
    assert done.returncode == 0, done.stderr
    assert "quantised in other.onnx" in (tmp_path / "set" / "engine.json").read_text()
    wrong = speechtrt(tmp_path, *command, "other.onnx")
    assert wrong.returncode == 2
    assert "expected STAGE=FILE" in wrong.stderr


def test_the_stage_computes_what_it_did_but_for_rounding(tmp_path: Path, bundle: Path) -> None:
    """The form that the test makes is the function of the stage."""
    _, evaluation = evaluation_of(bundle, STAGE)
    found = answers(quantised(bundle).SerializeToString(), evaluation.playlist)
    for name, values in evaluation.outputs.items():
        for a, b in zip(values, found[name], strict=True):
            assert np.linalg.norm(a - b) < 0.1 * np.linalg.norm(a)

"""FP16 graphs: caches cross the border as FP16 and untouched, audio and its features stay FP32."""

import numpy as np
import pytest

from speechtrt.engine_set import Profile
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.freeze import freeze, refreeze
from speechtrt.engines.lowering.half import LARGEST, SMALLEST, front_end, to_half
from speechtrt.engines.lowering.opset import modernised
from speechtrt.engines.lowering.tensorrt import kept_full, lower_for_tensorrt
from speechtrt.engines.session import open_session
from speechtrt.errors import BuildError
from speechtrt.precision import Precision
from speechtrt.specs import DType, StageSpec
from tests.engines import tiny_graphs as tiny

BUCKET = (Profile("max_len", 64, 64, 64),)


def decoder() -> Graph:
    return Graph(infer_shapes(tiny.decoder()))


def stream() -> Graph:
    return Graph(infer_shapes(tiny.stream_step()))


def dtypes(graph: Graph) -> dict[str, DType]:
    inputs, outputs = graph.specs()
    return {t.name: t.dtype for t in (*inputs, *outputs)}


def test_freeze_gives_the_cache_one_length_and_leaves_slots_open() -> None:
    inputs, outputs = freeze(decoder(), {"max_len": 64}).specs()
    caches = [t for t in (*inputs, *outputs) if t.name.startswith("self_")]
    assert {t.shape for t in caches} == {("slots", tiny.HEADS, 64, tiny.WIDTH)}


def test_caches_are_fp16_and_no_cast_stands_before_a_scatter() -> None:
    graph = lower_for_tensorrt(decoder(), BUCKET, Precision.FP16)
    kinds = dtypes(graph)
    assert all(kinds[n] is DType.FLOAT16 for n in kinds if n.startswith(("self_", "cross_", "frame")))
    assert kinds["position"] is DType.INT64
    scatters = [n for n in graph.nodes if n.op_type == "TensorScatter"]
    assert len(scatters) == 2 * tiny.LAYERS
    assert all(n.input[0] in graph.input_names and n.output[0] in graph.output_names for n in scatters)


def test_fp32_keeps_every_type() -> None:
    assert DType.FLOAT16 not in dtypes(lower_for_tensorrt(decoder(), BUCKET, Precision.FP32)).values()


def test_audio_features_and_log_probabilities_stay_fp32() -> None:
    graph = lower_for_tensorrt(stream(), (), Precision.FP16)
    kinds = dtypes(graph)
    assert kinds["pcm"] is DType.FLOAT32
    assert kinds["log_probs"] is DType.FLOAT32
    assert kinds["k_0"] is kinds["conv_0"] is DType.FLOAT16
    for kind in ("Log", "LogSoftmax"):
        node = next(n for n in graph.nodes if n.op_type == kind)
        assert graph.element(node.output[0]) == tiny.F32
    dft = next(n for n in graph.nodes if n.op_type == "Conv" and "pcm" in graph.ancestors(n.output[0]))
    weight = graph.constant(dft.input[1])
    assert weight is not None
    assert weight.dtype == np.float32


def test_front_end_ends_where_the_states_come_in() -> None:
    graph = stream()
    kinds = [n.op_type for n in graph.nodes if n.name in front_end(graph)]
    assert {"Conv", "Log", "Div"} <= set(kinds)
    assert "Attention" not in kinds
    assert front_end(decoder()) == ()


def test_what_stays_fp32_is_said_with_a_reason() -> None:
    rows = {row.op: row for row in kept_full(stream())}
    assert rows["Log"].precision is Precision.FP32
    assert "front end" in rows["Log"].reason
    assert "bits" in rows["LogSoftmax"].reason


def test_a_guard_too_small_for_fp16_keeps_its_node_fp32() -> None:
    draft = tiny.Draft()
    draft.input("mel", tiny.F32, "rows", 4)
    draft.op("Div", "mel", draft.op("Max", "mel", draft.const(1e-12, np.float32)), to="out")
    draft.output("out", tiny.F32, "rows", 4)
    graph = lower_for_tensorrt(Graph(infer_shapes(draft.model())), (), Precision.FP16)
    guard = next(n for n in graph.nodes if n.op_type == "Max")
    assert graph.element(guard.output[0]) == tiny.F32
    assert dtypes(graph)["out"] is DType.FLOAT16


def test_rounding_to_half_keeps_finite_values_finite_and_signs_alive() -> None:
    found = to_half(np.array([1e9, -1e9, 1e-12, -1e-12, 0.0, np.inf], np.float32))
    assert found.tolist() == [LARGEST, -LARGEST, SMALLEST, -SMALLEST, 0.0, np.inf]


def test_a_frozen_length_can_be_changed() -> None:
    canonical = decoder()
    stage = StageSpec("decoder", "decoder.onnx", *canonical.specs())
    longer = lower_for_tensorrt(canonical, BUCKET, Precision.FP16)
    shorter = refreeze(longer, stage, "max_len", 32)
    shapes = {t.name: t.shape for tensors in shorter.specs() for t in tensors}
    assert {shapes[n] for n in shapes if n.startswith("self_")} == {("slots", tiny.HEADS, 32, tiny.WIDTH)}
    assert shapes["cross_k_0"][2] == "text_len"
    assert longer.specs()[0] != shorter.specs()[0]


def test_an_older_operator_set_is_brought_to_one_with_half_scales() -> None:
    draft = tiny.Draft()
    draft.op("ReduceMax", draft.input("x", tiny.F32, "rows", 8), to="y", axes=[1])
    draft.output("y", tiny.F32, "rows", 1)
    model = draft.model()
    model.opset_import[0].version = 17
    x = np.random.default_rng(0).normal(0, 1, (3, 8)).astype(np.float32)
    old, new = Graph(infer_shapes(model)), modernised(Graph(infer_shapes(model)))
    assert (old.model.opset_import[0].version, new.model.opset_import[0].version) == (17, 21)
    before, after = (open_session(graph.to_bytes()).run(None, {"x": x})[0] for graph in (old, new))
    np.testing.assert_array_equal(before, after)
    assert modernised(new) is new


def test_an_operator_without_a_translation_is_refused_in_one_line() -> None:
    draft = tiny.Draft()
    draft.op("NoSuchThing", draft.input("x", tiny.F32, "rows", 8), to="y")
    draft.output("y", tiny.F32, "rows", 8)
    model = draft.model()
    model.opset_import[0].version = 17
    with pytest.raises(BuildError, match="cannot be brought to 21") as caught:
        modernised(Graph(model))
    assert "\n" not in str(caught.value)

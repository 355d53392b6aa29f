"""INT8 convolutions on the CPU: fused by ONNX Runtime, safe on every CPU, and never in the front end."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.engines.builders.ort import OrtBuilder
from speechtrt.engines.evaluation import Evaluation, record_evaluation
from speechtrt.engines.gate.judgement import judge_kernels, judge_numbers
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.quantize import convolution
from speechtrt.engines.quantize.convolution import quantize_convolutions
from speechtrt.engines.quantize.product import quantize_products
from speechtrt.engines.quantize.saturation import weights_that_clip
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import open_session
from speechtrt.precision import Precision
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import evaluation_of

CHANNELS = 32


@pytest.fixture(scope="module")
def subject() -> tuple[Graph, Evaluation]:
    """A first convolution, two wide ones with a ConvTranspose between, and inputs."""
    draft = tiny.Draft()
    x = draft.op("Transpose", draft.input("mel", tiny.F32, "rows", "frames", CHANNELS), perm=[0, 2, 1])
    x = draft.op("LeakyRelu", convolve(draft, x))
    x = draft.op("LeakyRelu", convolve(draft, x))
    x = draft.op("ConvTranspose", x, draft.weight(CHANNELS, CHANNELS, 2), strides=[2])
    draft.op("Tanh", convolve(draft, x), to="pcm")
    draft.output("pcm", tiny.F32, "rows", CHANNELS, "samples")
    graph = Graph(infer_shapes(draft.model()))
    stage = StageSpec("vocoder", "vocoder.onnx", *graph.specs())
    inputs = [draft.random.normal(0, 1, (1, 20, CHANNELS)).astype(np.float32) for _ in range(4)]
    playlist = Playlist(stage, 0, tuple(Scenario({}, ({"mel": value},)) for value in inputs))
    return graph, record_evaluation(graph.to_bytes(), playlist)


def convolve(draft: tiny.Draft, x: str) -> str:
    weight = draft.random.normal(0, (3 * CHANNELS) ** -0.5, (CHANNELS, CHANNELS, 3))
    return draft.op("Conv", x, draft.const(weight, np.float32), draft.weight(CHANNELS), pads=[1, 1])


def test_convolutions_become_integer_kernels_and_pass(subject: tuple[Graph, Evaluation], tmp_path: Path) -> None:
    graph, evaluation = subject
    quantized = quantize_convolutions(quantize_products(graph, graph, evaluation.playlist), graph, evaluation.playlist)
    assert [(r.op, r.precision) for r in quantized.policy] == [
        ("Conv", Precision.FP32),
        ("Conv", Precision.INT8),
        ("ConvTranspose", Precision.FP32),
        ("Conv", Precision.INT8),
    ]
    assert quantized.policy[0].reason.startswith("first of a vocoder")
    engine = OrtBuilder().build(quantized.graph, ())
    (tmp_path / "engine.onnx").write_bytes(engine)
    kinds = [n.op_type for n in Graph.load(tmp_path / "engine.onnx").nodes]
    assert kinds.count("QLinearConv") == 2
    assert judge_numbers(engine, evaluation, Precision.INT8).passed
    assert judge_kernels(quantized.graph, evaluation.playlist).passed


def test_full_range_weights_are_refused(subject: tuple[Graph, Evaluation], monkeypatch: pytest.MonkeyPatch) -> None:
    graph, evaluation = subject
    monkeypatch.setattr(convolution, "LARGEST", 127)
    planted = quantize_convolutions(
        quantize_products(graph, graph, evaluation.playlist), graph, evaluation.playlist
    ).graph
    assert len(weights_that_clip(planted)) == 2
    assert not judge_kernels(planted, evaluation.playlist).passed


def test_what_is_not_quantised_says_why(ctc_bundle: Path) -> None:
    graph, evaluation = evaluation_of(ctc_bundle, "step_160")
    products = quantize_products(graph, graph, evaluation.playlist)
    result = quantize_convolutions(products, graph, evaluation.playlist)
    assert result.graph is products.graph
    reasons = [row.reason for row in result.policy if row.op == "Conv"]
    assert ["front end" in reasons[0], "grouped" in reasons[1]] == [True, True]


def test_a_product_and_a_convolution_share_their_activation() -> None:
    draft = tiny.Draft()
    x = draft.input("mel", tiny.F32, "rows", CHANNELS, CHANNELS)
    draft.op("Add", convolve(draft, x), draft.op("MatMul", x, draft.weight(CHANNELS, CHANNELS)), to="pcm")
    draft.output("pcm", tiny.F32, "rows", CHANNELS, CHANNELS)
    graph = Graph(infer_shapes(draft.model()))
    feeds = {"mel": draft.random.normal(0, 1, (1, CHANNELS, CHANNELS)).astype(np.float32)}
    playlist = Playlist(StageSpec("both", "both.onnx", *graph.specs()), 0, (Scenario({}, (feeds,)),))
    quantized = quantize_convolutions(quantize_products(graph, graph, playlist), graph, playlist)
    assert sum(n.op_type == "QuantizeLinear" and n.input[0] == "mel" for n in quantized.graph.nodes) == 1
    expected, found = (open_session(g.to_bytes()).run(None, feeds)[0] for g in (graph, quantized.graph))
    assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.03

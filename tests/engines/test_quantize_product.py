"""INT8 products: accurate, explained node by node, blind to neighbours, and safe on CPUs whose kernels clip."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto

from speechtrt.engines.gate.judgement import judge_kernels, judge_numbers
from speechtrt.engines.graph import MICROSOFT, Array, Graph, infer_shapes
from speechtrt.engines.lowering.ort import lower_for_ort
from speechtrt.engines.quantize import product
from speechtrt.engines.quantize.product import quantize_columns, quantize_products
from speechtrt.engines.quantize.saturation import PAIR_LIMIT, exact_arithmetic, kernel_error, weights_that_clip
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import open_session
from speechtrt.errors import BuildError
from speechtrt.precision import Precision
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import evaluation_of


@given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9), elements=st.floats(-9, 9, width=32))
)
def test_no_pair_of_weights_can_overflow_16_bits(matrix: Array) -> None:
    integers, scale, zero = quantize_columns(matrix)
    size = np.abs(integers.astype(np.int32))
    size = np.vstack([size, np.zeros((size.shape[0] % 2, size.shape[1]), np.int32)])
    assert (size[0::2] + size[1::2]).max() <= PAIR_LIMIT
    assert np.abs(integers * scale - matrix).max() <= scale.max() * 0.51
    assert not zero.any()


def test_every_heavy_node_has_a_decision_and_a_reason(tts_bundle: Path) -> None:
    canonical, evaluation = evaluation_of(tts_bundle, "decoder")
    policy = quantize_products(lower_for_ort(canonical), canonical, evaluation.playlist).policy
    assert all(row.reason for row in policy)
    by_op = {row.op: row.precision for row in policy if row.op != "MatMul"}
    assert by_op == {"GroupQueryAttention": Precision.FP32, "Attention": Precision.FP32}
    assert sum(row.precision is Precision.INT8 for row in policy) == 8 * tiny.LAYERS
    small = [row.reason for row in policy if row.op == "MatMul" and row.precision is Precision.FP32]
    assert all("values only" in reason for reason in small)


@pytest.mark.parametrize("trans", [0, 1])
def test_gemm_is_rewritten_with_its_bias(trans: int) -> None:
    graph, feeds = gemm(trans)
    quantized = quantize_products(graph, graph, playing(graph, feeds))
    assert [row.precision for row in quantized.policy] == [Precision.INT8]
    assert [n.op_type for n in quantized.graph.nodes] == ["QuantizeLinear", "MatMulIntegerToFloat"]
    assert off_by(quantized.graph, graph, feeds) < 0.02


def test_a_bias_behind_a_product_is_added_by_its_kernel() -> None:
    draft = tiny.Draft()
    draft.op("Relu", draft.linear(draft.input("x", tiny.F32, "rows", 32), 32, 24), to="y")
    draft.output("y", tiny.F32, "rows", 24)
    graph = Graph(infer_shapes(draft.model()))
    feeds = {"x": draft.random.normal(0, 1, (3, 32)).astype(np.float32)}
    quantized = quantize_products(graph, graph, playing(graph, feeds)).graph
    assert [n.op_type for n in quantized.nodes] == ["QuantizeLinear", "MatMulIntegerToFloat", "Relu"]
    assert off_by(quantized, graph, feeds) < 0.02


def test_a_gemm_that_computes_its_bias_is_kept() -> None:
    draft = tiny.Draft()
    draft.op("Gemm", draft.input("x", tiny.F32, "rows", 32), draft.weight(32, 32), draft.op("Relu", "x"), to="y")
    draft.output("y", tiny.F32, "rows", 32)
    graph = Graph(infer_shapes(draft.model()))
    rows = quantize_products(graph, graph, playing(graph, {"x": np.ones((1, 32), np.float32)})).policy
    assert [(row.precision, row.reason) for row in rows] == [(Precision.FP32, "Gemm computes its bias")]


def test_a_sum_of_two_activations_stays_a_sum() -> None:
    draft = tiny.Draft()
    draft.input("x", tiny.F32, "rows", 32)
    draft.op("Add", draft.op("MatMul", "x", draft.weight(32, 32)), "x", to="y")
    draft.output("y", tiny.F32, "rows", 32)
    graph = Graph(infer_shapes(draft.model()))
    feeds = {"x": draft.random.normal(0, 1, (3, 32)).astype(np.float32)}
    quantized = quantize_products(graph, graph, playing(graph, feeds)).graph
    assert [n.op_type for n in quantized.nodes] == ["QuantizeLinear", "MatMulIntegerToFloat", "Add"]
    assert off_by(quantized, graph, feeds) < 0.02


def test_the_mel_filter_bank_is_kept() -> None:
    """Power spectra span ten decades; 8 bits of them are noise."""
    draft = tiny.Draft()
    power = draft.op("Mul", draft.input("pcm", tiny.F32, "slots", 64), "pcm")
    log = draft.op("Log", draft.op("Abs", draft.op("MatMul", power, draft.weight(64, 16))))
    draft.op("MatMul", log, draft.weight(16, 16), to="y")
    draft.output("y", tiny.F32, "slots", 16)
    graph = Graph(infer_shapes(draft.model()))
    rows = quantize_products(graph, graph, playing(graph, {"pcm": np.ones((1, 64), np.float32)})).policy
    assert [(r.precision, "front end" in r.reason) for r in rows] == [(Precision.FP32, True), (Precision.INT8, False)]


def test_a_checkpoint_that_makes_no_numbers_is_refused() -> None:
    graph, feeds = gemm(0)
    feeds["x"][0, 0] = np.nan
    with pytest.raises(BuildError, match="x takes values from nan to nan"):
        quantize_products(graph, graph, playing(graph, feeds))


def test_weights_with_three_dimensions_are_kept() -> None:
    draft = tiny.Draft()
    draft.input("x", tiny.F32, 4, 2, 16)
    draft.op("MatMul", "x", draft.weight(4, 16, 16), to="y")
    draft.output("y", tiny.F32, 4, 2, 16)
    graph = Graph(infer_shapes(draft.model()))
    policy = quantize_products(graph, graph, playing(graph, {"x": np.ones((4, 2, 16), np.float32)})).policy
    assert [(row.precision, row.reason) for row in policy] == [
        (Precision.FP32, "weight has 3 dimensions; the integer kernels take 2")
    ]


def test_quantised_decoder_passes_both_checks(tts_bundle: Path) -> None:
    canonical, evaluation = evaluation_of(tts_bundle, "decoder")
    graph = quantize_products(lower_for_ort(canonical), canonical, evaluation.playlist).graph
    assert judge_numbers(graph.to_bytes(), evaluation, Precision.INT8).passed
    assert judge_kernels(graph, evaluation.playlist).passed


def test_planted_signed_weights_fail_the_check(tts_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full-range signed weights clip on AVX2, so the gate refuses them on every machine."""

    def full_range(matrix: Array) -> tuple[Array, Array, Array]:
        scale = (np.abs(matrix).max(axis=0) / 127).astype(np.float32)
        return np.round(matrix / scale).astype(np.int8), scale, np.zeros(scale.shape, np.int8)

    monkeypatch.setattr(product, "quantize_columns", full_range)
    canonical, evaluation = evaluation_of(tts_bundle, "decoder")
    planted = quantize_products(lower_for_ort(canonical), canonical, evaluation.playlist).graph
    assert weights_that_clip(planted)
    verdict = judge_kernels(planted, evaluation.playlist)
    assert not verdict.passed
    assert "clipping_weights" in verdict.reason


def test_kernels_are_compared_with_exact_products() -> None:
    """All-equal extreme weights: the exact graph gives the product that arithmetic gives."""
    draft = tiny.Draft()
    draft.input("a", TensorProto.UINT8, 1, 4)
    weight, zero = draft.const(np.full((4, 3), 127), np.int8), draft.const(np.zeros(3), np.int8)
    scales = draft.const(0.5, np.float32), draft.const([1, 2, 4], np.float32)
    inputs = ["a", weight, *scales, draft.const(3, np.uint8), zero, draft.const([1, 1, 1], np.float32)]
    draft.op("MatMulIntegerToFloat", *inputs, to="y", domain=MICROSOFT)
    draft.output("y", tiny.F32, 1, 3)
    graph = Graph(draft.model())
    graph.import_domain(MICROSOFT, 1)
    feeds = {"a": np.full((1, 4), 255, np.uint8)}
    found = open_session(exact_arithmetic(graph).to_bytes()).run(None, feeds)[0]
    assert found.tolist() == [[4 * 252 * 127 * scale + 1 for scale in (0.5, 1, 2)]]
    assert weights_that_clip(graph)


def test_kernel_error_sees_wrong_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph whose integers say something else than its exact twin stands for a kernel that clips."""
    graph, feeds = gemm(0)
    quantized = quantize_products(graph, graph, playing(graph, feeds)).graph
    assert kernel_error(quantized, feeds) < 1e-5
    other = quantize_products(gemm(0, scale=0.9)[0], graph, playing(graph, feeds)).graph
    monkeypatch.setattr("speechtrt.engines.quantize.saturation.exact_arithmetic", lambda _: exact_arithmetic(other))
    assert kernel_error(quantized, feeds) > 0.05


def gemm(trans: int, scale: float = 1.0) -> tuple[Graph, dict[str, Array]]:
    draft = tiny.Draft()
    draft.input("x", tiny.F32, "rows", 32)
    weight = draft.random.normal(0, scale, (32, 24)).astype(np.float32)
    value = np.ascontiguousarray(weight.T) if trans else weight
    draft.op("Gemm", "x", draft.const(value), draft.weight(24), transB=trans, to="y")
    draft.output("y", tiny.F32, "rows", 24)
    return Graph(infer_shapes(draft.model())), {"x": draft.random.normal(0, 1, (3, 32)).astype(np.float32)}


def playing(graph: Graph, feeds: dict[str, Array]) -> Playlist:
    """One run of `feeds`."""
    return Playlist(StageSpec("product", "product.onnx", *graph.specs()), 0, (Scenario({}, (feeds,)),))


def off_by(found: Graph, expected: Graph, feeds: dict[str, Array]) -> float:
    """Relative L2 distance of the first output."""
    a, b = (open_session(graph.to_bytes()).run(None, feeds)[0] for graph in (expected, found))
    return float(np.linalg.norm(b - a) / np.linalg.norm(a))

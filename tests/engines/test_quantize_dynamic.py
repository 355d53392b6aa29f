"""Dynamic INT8: accurate, explained node by node, and safe on CPUs whose kernels clip."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from onnx import TensorProto, helper

from speechtrt.engines.gate.judgement import judge_kernels, judge_numbers
from speechtrt.engines.graph import Array, Graph, infer_shapes
from speechtrt.engines.lowering.ort import lower_for_ort
from speechtrt.engines.quantize import dynamic
from speechtrt.engines.quantize.dynamic import quantize_columns, quantize_dynamic
from speechtrt.engines.quantize.saturation import PAIR_LIMIT, exact_arithmetic, kernel_error, weights_that_clip
from speechtrt.engines.session import open_session
from speechtrt.precision import Precision
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
    canonical, _ = evaluation_of(tts_bundle, "decoder")
    policy = quantize_dynamic(lower_for_ort(canonical)).policy
    assert all(row.reason for row in policy)
    by_op = {row.op: row.precision for row in policy if row.op != "MatMul"}
    assert by_op == {"GroupQueryAttention": Precision.FP32, "Attention": Precision.FP32}
    assert sum(row.precision is Precision.INT8 for row in policy) == 8 * tiny.LAYERS
    small = [row.reason for row in policy if row.op == "MatMul" and row.precision is Precision.FP32]
    assert all("values only" in reason for reason in small)


@pytest.mark.parametrize("trans", [0, 1])
def test_gemm_is_rewritten_with_its_bias(trans: int) -> None:
    graph, feeds = gemm(trans)
    quantized = quantize_dynamic(graph)
    assert [row.precision for row in quantized.policy] == [Precision.INT8]
    assert "Gemm" not in [n.op_type for n in quantized.graph.nodes]
    expected, found = (open_session(g.to_bytes()).run(None, feeds)[0] for g in (graph, quantized.graph))
    assert np.linalg.norm(found - expected) / np.linalg.norm(expected) < 0.02


def test_the_mel_filter_bank_is_kept() -> None:
    """Power spectra span ten decades; 8 bits of them are noise."""
    draft = tiny.Draft()
    power = draft.op("Mul", draft.input("pcm", tiny.F32, "slots", 64), "pcm")
    log = draft.op("Log", draft.op("MatMul", power, draft.weight(64, 16)))
    draft.op("MatMul", log, draft.weight(16, 16), to="y")
    draft.output("y", tiny.F32, "slots", 16)
    rows = quantize_dynamic(Graph(infer_shapes(draft.model()))).policy
    assert [(r.precision, "front end" in r.reason) for r in rows] == [(Precision.FP32, True), (Precision.INT8, False)]


def test_weights_with_three_dimensions_are_kept() -> None:
    draft = tiny.Draft()
    draft.input("x", tiny.F32, 4, 2, 16)
    draft.op("MatMul", "x", draft.weight(4, 16, 16), to="y")
    draft.output("y", tiny.F32, 4, 2, 16)
    policy = quantize_dynamic(Graph(infer_shapes(draft.model()))).policy
    assert [(row.precision, row.reason) for row in policy] == [
        (Precision.FP32, "weight has 3 dimensions; the integer kernels take 2")
    ]


def test_quantised_decoder_passes_both_checks(tts_bundle: Path) -> None:
    canonical, evaluation = evaluation_of(tts_bundle, "decoder")
    graph = quantize_dynamic(lower_for_ort(canonical)).graph
    assert judge_numbers(graph.to_bytes(), evaluation, Precision.INT8).passed
    assert judge_kernels(graph, evaluation.playlist).passed


def test_planted_signed_weights_fail_the_check(tts_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Full-range signed weights clip on AVX2, so the gate refuses them on every machine."""

    def full_range(matrix: Array) -> tuple[Array, Array, Array]:
        scale = (np.abs(matrix).max(axis=0) / 127).astype(np.float32)
        return np.round(matrix / scale).astype(np.int8), scale, np.zeros(scale.shape, np.int8)

    monkeypatch.setattr(dynamic, "quantize_columns", full_range)
    canonical, evaluation = evaluation_of(tts_bundle, "decoder")
    planted = quantize_dynamic(lower_for_ort(canonical)).graph
    assert weights_that_clip(planted)
    verdict = judge_kernels(planted, evaluation.playlist)
    assert not verdict.passed
    assert "clipping_weights" in verdict.reason


def test_kernels_are_compared_with_exact_products() -> None:
    """All-equal extreme weights: the exact graph gives the product that arithmetic gives."""
    draft = tiny.Draft()
    draft.input("a", TensorProto.UINT8, 1, 4)
    draft.op("MatMulInteger", "a", draft.const(np.full((4, 3), 127), np.int8), to="i")
    draft.op("Cast", "i", to="y")
    draft.nodes[-1].attribute.append(helper.make_attribute("to", tiny.F32))
    draft.output("y", tiny.F32, 1, 3)
    graph = Graph(infer_shapes(draft.model()))
    feeds = {"a": np.full((1, 4), 255, np.uint8)}
    found = open_session(exact_arithmetic(graph).to_bytes()).run(None, feeds)[0]
    assert (found == 4 * 255 * 127).all()
    assert weights_that_clip(graph)


def test_kernel_error_sees_wrong_products(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph whose integers say something else than its exact twin stands for a kernel that clips."""
    graph, feeds = gemm(0)
    quantized = quantize_dynamic(graph).graph
    assert kernel_error(quantized, feeds) < 1e-5
    other = quantize_dynamic(gemm(0, scale=0.9)[0]).graph
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

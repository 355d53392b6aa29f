"""Experimental precisions: what is written computes what it should, and what TensorRT-RTX takes is built."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from speechtrt.bundle import BundleFolder
from speechtrt.engines.builders.flavour import RTX
from speechtrt.engines.builders.tensorrt import TensorRTBuilder
from speechtrt.engines.gate.judgement import judge_numbers
from speechtrt.engines.graph import Array, Graph, infer_shapes
from speechtrt.engines.lowering.ort import lower_for_ort
from speechtrt.engines.lowering.tensorrt import lower_for_tensorrt
from speechtrt.engines.profiles import stage_profiles
from speechtrt.engines.quantize.calibrated import quantize_calibrated
from speechtrt.engines.quantize.number_format import FORMATS
from speechtrt.engines.quantize.weight_only import BITS, BLOCK, pack_columns, quantize_weights
from speechtrt.engines.session import open_session
from speechtrt.precision import Precision
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import evaluation_of
from tests.engines.tiny_bundles import write_tts_bundle

WIDE = tiny.DecoderSize(heads=2, width=32, feed_forward=128)


@pytest.fixture(scope="module")
def wide_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inner dimensions that blocks of 64 fill."""
    return write_tts_bundle(tmp_path_factory.mktemp("wide") / "tts", WIDE)


@pytest.mark.parametrize("bits", [4, 8])
@given(
    matrix=hnp.arrays(
        np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=70), elements=st.floats(-9, 9, width=32)
    )
)
def test_packed_weights_are_the_weights(bits: int, matrix: Array) -> None:
    packed = pack_columns(matrix, bits)
    integers = packed.integers
    if bits == 4:
        integers = np.stack([integers & 15, integers >> 4], axis=-1).reshape(*integers.shape[:2], BLOCK)
    scales = packed.scales.reshape(integers.shape[:2])[:, :, None]
    values = ((integers.astype(np.float64) - (1 << (bits - 1))) * scales).reshape(matrix.shape[1], -1)
    assert np.abs(values[:, : matrix.shape[0]] - matrix.T).max() <= scales.max() * 0.51
    assert not values[:, matrix.shape[0] :].any()


@pytest.mark.parametrize(("precision", "error"), [(Precision.INT8_WEIGHTS, 0.02), (Precision.INT4, 0.15)])
@pytest.mark.parametrize("trans", [0, 1])
def test_products_use_them(precision: Precision, error: float, trans: int) -> None:
    draft = tiny.Draft()
    weight = draft.random.normal(0, 1, (40, 64) if trans else (64, 40)).astype(np.float32)
    draft.op(
        "Gemm", draft.input("x", tiny.F32, "rows", 64), draft.const(weight), draft.weight(40), transB=trans, to="y"
    )
    draft.output("y", tiny.F32, "rows", 40)
    graph = Graph(infer_shapes(draft.model()))
    quantized = quantize_weights(graph, precision)
    assert [row.precision for row in quantized.policy] == [precision]
    assert all(row.reason.endswith("(experimental)") for row in quantized.policy)
    feeds = {"x": draft.random.normal(0, 1, (5, 64)).astype(np.float32)}
    expected, found = (open_session(g.to_bytes()).run(None, feeds)[0] for g in (graph, quantized.graph))
    assert 0 < np.linalg.norm(found - expected) / np.linalg.norm(expected) < error
    alone = open_session(quantized.graph.to_bytes()).run(None, {"x": feeds["x"][2:3]})[0]
    assert np.allclose(alone[0], found[2], rtol=1e-5)


def test_a_decoder_with_weights_of_8_bits_passes(wide_bundle: Path) -> None:
    canonical, evaluation = evaluation_of(wide_bundle, "decoder")
    graph = quantize_weights(lower_for_ort(canonical), Precision.INT8_WEIGHTS).graph
    assert any(n.op_type == "MatMulNBits" for n in graph.nodes)
    assert judge_numbers(graph.to_bytes(), evaluation, Precision.INT8_WEIGHTS).passed


@pytest.mark.parametrize("precision", [Precision.FP8, Precision.INT4])
def test_tensorrt_rtx_builds_the_decoder(wide_bundle: Path, precision: Precision) -> None:
    canonical, evaluation = evaluation_of(wide_bundle, "decoder", frozen=True)
    profiles = stage_profiles(BundleFolder.open(wide_bundle).manifest, evaluation.playlist.stage)
    half = lower_for_tensorrt(canonical, profiles, Precision.FP16)
    result = quantize_calibrated(half, canonical, evaluation.playlist, FORMATS[precision])
    assert sum(row.precision is precision for row in result.policy) >= 8
    assert TensorRTBuilder(RTX).build(result.graph, profiles, result.policy)


def test_every_experimental_precision_says_so() -> None:
    assert {p for p in Precision if p.experimental} == {*BITS, Precision.FP8}

"""Calibrated INT8 for TensorRT: symmetric, per channel, and only where products are."""

from pathlib import Path

import numpy as np

from speechtrt.bundle import BundleFolder
from speechtrt.engines.gate.judgement import judge_numbers
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.tensorrt import lower_for_tensorrt
from speechtrt.engines.profiles import stage_profiles
from speechtrt.engines.quantize.calibrated import quantize_calibrated
from speechtrt.engines.quantize.number_format import FORMATS, quantize_channels
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.engines.quantize.ranges import Range, measure_ranges
from speechtrt.engines.quantize.vocoder import REASON
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.precision import Precision
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import evaluation_of


def quantized(bundle: Path, stage: str, precision: Precision = Precision.INT8) -> tuple[Quantized, bool]:
    """The INT8 graph of a stage, and whether the gate lets it pass."""
    canonical, evaluation = evaluation_of(bundle, stage, frozen=True)
    profiles = stage_profiles(BundleFolder.open(bundle).manifest, evaluation.playlist.stage)
    result = quantize_calibrated(
        lower_for_tensorrt(canonical, profiles, Precision.FP16), canonical, evaluation.playlist, FORMATS[precision]
    )
    return result, judge_numbers(result.graph.to_bytes(), evaluation, precision).passed


def values_of(graph: Graph, kind: str, slot: int) -> list[np.ndarray]:
    found = [graph.constant(n.input[slot]) for n in graph.nodes if n.op_type == kind]
    return [value for value in found if value is not None]


def test_quantised_decoder_is_symmetric_and_passes(tts_bundle: Path) -> None:
    result, passed = quantized(tts_bundle, "decoder")
    assert passed
    zeros = [*values_of(result.graph, "QuantizeLinear", 2), *values_of(result.graph, "DequantizeLinear", 2)]
    assert zeros
    assert all(z.dtype == np.int8 and not z.any() for z in zeros)


def test_only_products_with_constant_weights_are_quantised(ctc_bundle: Path) -> None:
    result, passed = quantized(ctc_bundle, "step_160")
    assert passed
    behind = [n for n in result.graph.nodes if any("_s8_back" in name for name in n.input)]
    assert {n.op_type for n in behind} <= {"MatMul", "Gemm", "Conv"}
    full = [row for row in result.policy if row.precision is Precision.FP32]
    assert [row.op for row in full] == ["Conv"]  # the front end's
    assert all(row.reason for row in result.policy)


def test_what_a_vocoder_hears_first_keeps_its_precision() -> None:
    """Of two convolutions of one size, before and behind an upsampling."""
    draft = tiny.Draft()
    hidden = draft.op("Conv", draft.input("mel", tiny.F32, "rows", 16, 16), draft.weight(16, 16, 3), pads=[1, 1])
    louder = draft.op("ConvTranspose", hidden, draft.weight(16, 16, 2), strides=[2])
    draft.op("Conv", louder, draft.weight(16, 16, 3), pads=[1, 1], to="pcm")
    draft.output("pcm", tiny.F32, "rows", 16, 32)
    graph = Graph(infer_shapes(draft.model()))
    mel = draft.random.normal(0, 1, (2, 16, 16)).astype(np.float32)
    inputs = Playlist(StageSpec("vocoder", "", *graph.specs()), 0, (Scenario({}, ({"mel": mel},)),))
    half = lower_for_tensorrt(graph, (), Precision.FP16)
    rows = quantize_calibrated(half, graph, inputs, FORMATS[Precision.INT8]).policy
    assert [row.precision for row in rows] == [Precision.FP16, Precision.FP16, Precision.INT8]
    assert rows[0].reason == REASON


def test_an_activation_that_several_products_read_is_quantised_once(tts_bundle: Path) -> None:
    graph = quantized(tts_bundle, "decoder")[0].graph
    sources = [n.input[0] for n in graph.nodes if n.op_type == "QuantizeLinear"]
    readers = [n for n in graph.nodes if any(name.endswith("_s8_back") for name in n.input)]
    assert len(sources) == len(set(sources)) < len(readers)


def test_ranges_are_the_largest_recorded_values(tts_bundle: Path) -> None:
    canonical, evaluation = evaluation_of(tts_bundle, "postnet")
    node = next(n for n in canonical.nodes if n.op_type == "Tanh")
    found = measure_ranges(canonical, ["frames", node.output[0]], evaluation.playlist)
    recorded = [s.steps[0]["frames"] for s in evaluation.playlist.scenarios]
    assert found["frames"] == Range(min(r.min() for r in recorded), max(r.max() for r in recorded))
    assert 0 < found[node.output[0]].largest <= 1


def test_each_output_channel_has_its_own_scale() -> None:
    weight = np.array([[1.0, 100.0], [-2.0, 50.0]], np.float32)
    integers, scale = quantize_channels(weight, axis=1)
    assert np.allclose(scale, [2 / 127, 100 / 127])
    assert integers.tolist() == [[64, 127], [-127, 64]]

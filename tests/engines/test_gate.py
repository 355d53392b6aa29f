"""The gate's figures: what is far apart is seen as far apart, and what cannot be computed does not pass."""

import numpy as np
import pytest

from speechtrt.engine_set import GateRow
from speechtrt.engines.gate.comparison import Outputs, compare_outputs, measure_drift
from speechtrt.engines.gate.judgement import Verdict
from speechtrt.engines.gate.limits import LIMITS
from speechtrt.engines.gate.speed import time_pair
from speechtrt.engines.gate.stand_in import stand_in
from speechtrt.engines.graph import Array, Graph, infer_shapes
from speechtrt.engines.lowering.half import convert_to_half
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import StageSession, open_session
from speechtrt.precision import Precision
from speechtrt.specs import DType, StageSpec, TensorSpec
from tests.engines import tiny_graphs as tiny

LIMIT = LIMITS[Precision.INT8]


def rows(reference: dict[str, Array], found: dict[str, Array]) -> dict[str, GateRow]:
    def listed(values: dict[str, Array]) -> Outputs:
        return {name: [value] for name, value in values.items()}

    return {row.metric: row for row in compare_outputs("s", listed(reference), listed(found), LIMIT)}


def test_drift_has_the_textbook_values() -> None:
    drift = measure_drift([np.array([3.0, 4.0])], [np.array([3.0, 0.0])])
    assert (drift.relative_l2, drift.cosine, drift.largest) == pytest.approx((0.8, 0.6, 4.0))


def test_silence_against_silence_passes_and_against_sound_does_not() -> None:
    zero = np.zeros(4)
    assert all(row.passed for row in rows({"mel": zero}, {"mel": zero}).values())
    assert not any(row.passed for row in rows({"mel": zero}, {"mel": np.ones(4)}).values())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_fails_and_has_no_value(bad: float) -> None:
    reference = np.ones((2, 3), np.float32)
    found = reference.copy()
    found[1, 2] = bad
    result = rows({"mel": reference, "stop": reference}, {"mel": found, "stop": found})
    assert not any(row.passed for row in result.values())
    assert result["relative_l2"].value is None


def test_the_worst_output_is_named() -> None:
    reference = {"a": np.ones(3, np.float32), "b": np.ones(3, np.float32)}
    result = rows(reference, {**reference, "b": np.full(3, 2.0, np.float32)})
    assert result["relative_l2"].value == pytest.approx(1.0)
    assert "b" in result["relative_l2"].note


def test_stop_probabilities_are_compared_by_difference() -> None:
    result = rows({"stop": np.array([1e-6, 1e-6])}, {"stop": np.array([2e-6, 0.05])})
    assert set(result) == {"probability"}
    assert result["probability"].passed
    assert not rows({"stop": np.zeros(2)}, {"stop": np.array([0.0, 0.5])})["probability"].passed


def test_agreement_counts_frames_in_which_the_reference_is_decided() -> None:
    reference = np.log(np.array([[[0.9, 0.1], [0.9, 0.1], [0.51, 0.49], [0.1, 0.9]]], np.float32))
    found = reference[..., ::-1].copy()
    found[0, 0] = reference[0, 0]
    assert rows({"log_probs": reference}, {"log_probs": found})["argmax_agreement"].value == pytest.approx(1 / 3)


def test_integers_must_be_equal() -> None:
    result = rows({"frames": np.array([7, 2])}, {"frames": np.array([7, 3])})
    assert (result["integer_mismatches"].value, result["integer_mismatches"].passed) == (1.0, False)


def test_a_verdict_names_what_failed() -> None:
    verdict = Verdict((GateRow("s", "cosine", 1.0, 0.9, True), GateRow("s", "relative_l2", None, 0.2, False)))
    assert not verdict.passed
    assert verdict.reason == "relative_l2 not finite (limit 0.2)"


def test_speed_ratio_tells_slow_from_fast() -> None:
    stage = StageSpec("s", "s.onnx", (TensorSpec("x", DType.FLOAT32, ("rows", 128)),), ())
    playlist = Playlist(stage, 0, (Scenario({}, ({"x": np.ones((64, 128), np.float32)},)),))
    with StageSession(chain(2), ()) as fast, StageSession(chain(12), ()) as slow:
        assert time_pair(fast, slow, playlist).ratio > 2
        assert time_pair(slow, fast, playlist).ratio < 0.5


def chain(length: int) -> bytes:
    draft = tiny.Draft()
    x = draft.input("x", tiny.F32, "rows", 128)
    for _ in range(length):
        x = draft.op("MatMul", x, draft.weight(128, 128))
    draft.op("Identity", x, to="y")
    draft.output("y", tiny.F32, "rows", 128)
    data: bytes = draft.model().SerializeToString()
    return data


def overflowing() -> Graph:
    """For x = 1000, x * x is beyond FP16, and its product with a small constant is not."""
    draft = tiny.Draft()
    draft.input("x", tiny.F32, "rows", 8)
    square = draft.op("Mul", "x", "x")
    draft.op("MatMul", draft.op("Mul", square, draft.const(1e-3, np.float32)), draft.weight(8, 8), to="y")
    draft.output("y", tiny.F32, "rows", 8)
    return convert_to_half(Graph(infer_shapes(draft.model())), ())


def test_the_stand_in_rounds_to_sixteen_bits_where_the_cpu_would_not() -> None:
    x = np.full((2, 8), 1e3, np.float16)
    graph = overflowing()
    assert np.isfinite(run(graph, x)).all()  # what the CPU makes of it by itself
    assert np.isnan(run(stand_in(graph), x)).any()
    small = np.full((2, 8), 3.0, np.float16)
    np.testing.assert_allclose(run(stand_in(graph), small), run(graph, small), rtol=1e-2, atol=1e-3)


def run(graph: Graph, x: np.ndarray) -> np.ndarray:
    found: np.ndarray = open_session(graph.to_bytes()).run(None, {"x": x})[0]
    return found


def test_a_graph_without_halves_needs_no_stand_in() -> None:
    graph = Graph(tiny.encoder())
    assert stand_in(graph) is graph

"""Narrower ranges, where few large values make the steps of all others coarse: tried before nodes are spared."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.engine_set import EngineStage
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.gate.limits import LIMITS, Limits
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.quantize.activation import steps
from speechtrt.engines.quantize.clipping import clip_ranges
from speechtrt.engines.quantize.number_format import FORMATS
from speechtrt.engines.quantize.ranges import Range, measure_ranges
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import ANY_TIME
from tests.engines.hostile import STAGE, write_heavy_tailed_bundle

FORMS = {"u8": steps, "s8": FORMATS[Precision.INT8].steps}


def narrowed(values: np.ndarray, form: str) -> float:
    """By how much the range of `values` is narrowed."""
    d = tiny.Draft()
    d.op("Relu", d.input("x", tiny.F32, "rows", 64), to="y")
    d.output("y", tiny.F32, "rows", 64)
    graph = Graph(infer_shapes(d.model()))
    playlist = Playlist(StageSpec("s", "", *graph.specs()), 0, (Scenario({}, ({"x": values.astype(np.float32)},)),))
    whole = measure_ranges(graph, ["x"], playlist)
    found = clip_ranges(graph, whole, playlist, FORMS[form])["x"]
    return found.high / whole["x"].high


@pytest.mark.parametrize("form", FORMS)
def test_heavy_tails_are_cut_and_even_values_are_not(form: str) -> None:
    random = np.random.default_rng(0)
    assert narrowed(random.uniform(-1, 1, (500, 64)), form) == 1.0
    assert narrowed(random.laplace(0, 1, (5000, 64)), form) < 0.9


def test_steps_cover_a_range() -> None:
    assert steps(Range(-1.0, 1.55))[0] == pytest.approx(0.01)
    width, zero = FORMS["s8"](Range(-1.27, 1.0))
    assert width == pytest.approx(0.01)
    assert int(zero) == 0


@pytest.mark.parametrize("backend", [BackendName.ORT_CPU, BackendName.TENSORRT_RTX])
def test_a_stage_keeps_all_its_integers_when_narrower_ranges_are_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: BackendName
) -> None:
    bundle = write_heavy_tailed_bundle(tmp_path / "bundle")

    def built(limit: float) -> EngineStage:
        limits = Limits(limit, 0.9, 1.0, 0.5)
        monkeypatch.setitem(LIMITS, Precision.INT8, limits)
        out = tmp_path / f"{limit}"
        folder = build_engine_set(
            bundle, backend, Precision.INT8, out, cache=out / "cache", most_time=ANY_TIME, say=lambda line: None
        )
        (row,) = (row for row in folder.manifest.gate if row.metric == "relative_l2")
        errors.append(row.value or 0.0)
        return folder.manifest.stage(STAGE)

    errors: list[float] = []
    assert built(0.5).precision is Precision.INT8
    stage = built(errors[0] * 0.97)
    assert errors[1] < 0.97 * errors[0]
    assert stage.precision is Precision.INT8
    assert stage.lowered_share == 1.0
    assert stage.search is not None
    assert [(step.remedy, step.passed) for step in stage.search.steps] == [("", False), ("ranges narrowed", True)]
    (reason,) = (row.reason for row in stage.policy if row.node == "only")
    assert reason.endswith("ranges narrowed")

"""Surgical fallback, with real engines: planted channels are found and spared, and the hopeless is refused at once."""

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder, EngineStage, Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.candidate import make_candidates
from speechtrt.engines.fallback.effect import MOST_RUNS, likely_groups
from speechtrt.engines.fallback.group import Group
from speechtrt.engines.fallback.mixture import make_mixture
from speechtrt.engines.fallback.partial import spare
from speechtrt.engines.fallback.rewrite import find_rewrites
from speechtrt.engines.fallback.search import search
from speechtrt.engines.fallback.splice import splice
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.freeze import freeze
from speechtrt.engines.lowering.half import convert_to_half, reasons_for_full
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import open_session
from speechtrt.engines.validate import Demands, validate_engine_set
from speechtrt.fallback import GroupError
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec
from tests.engines.conftest import ANY_TIME, evaluation_of
from tests.engines.hostile import (
    STAGE,
    WIDTH,
    blocks,
    everything,
    write_hidden_bundle,
    write_hostile_bundle,
    write_loud_bundle,
)
from tests.engines.tiny_graphs import Draft

ORT, RTX = BackendName.ORT_CPU, BackendName.TENSORRT_RTX
FP32, FP16, INT8 = Precision.FP32, Precision.FP16, Precision.INT8


def build(folder: Path, bundle: Path, backend: BackendName, precision: Precision) -> EngineFolder:
    return build_engine_set(
        bundle,
        backend,
        precision,
        folder / "set",
        cache=folder / "cache",
        most_time=ANY_TIME,
        say=lambda line: None,
    )


def precisions(stage: EngineStage) -> dict[str, Precision]:
    return {row.node: row.precision for row in stage.policy}


PLANTED = {"up_1", "down_4"}


@pytest.mark.parametrize(("backend", "precision", "safer"), [(ORT, INT8, FP32), (RTX, INT8, FP16), (RTX, FP16, FP32)])
def test_what_is_planted_is_spared_and_the_rest_stays_lowered(
    tmp_path: Path, backend: BackendName, precision: Precision, safer: Precision
) -> None:
    """Integers do not survive frames of different volume, and FP16 no channel beyond its range."""
    planted = tmp_path / "bundle"
    bundle = write_hostile_bundle(planted, PLANTED, 5e4) if precision is FP16 else write_loud_bundle(planted, PLANTED)
    folder = build(tmp_path, bundle, backend, precision)
    manifest, stage = folder.manifest, folder.manifest.stage(STAGE)
    assert (manifest.status, stage.precision) == (Status.ACCEPTED, precision)
    found = precisions(stage)
    assert {name for name in everything() if found[name] is safer} >= PLANTED
    assert stage.lowered_share >= 0.6
    assert all("spared: its own error" in row.reason for row in stage.policy if row.node in PLANTED)
    assert validate_engine_set(folder.path, Demands(bundle=bundle)).passed


@pytest.mark.parametrize("backend", [ORT, RTX])
def test_planted_channels_are_rescaled_and_nothing_is_spared(tmp_path: Path, backend: BackendName) -> None:
    bundle = write_hostile_bundle(tmp_path / "bundle", PLANTED, 3e3)
    folder = build(tmp_path, bundle, backend, INT8)
    stage = folder.manifest.stage(STAGE)
    assert (stage.precision, stage.lowered_share) == (INT8, 1.0)
    reasons = {row.node: row.reason for row in stage.policy}
    assert all(reasons[name].endswith("; channels rescaled") for name in PLANTED)
    assert stage.search is not None
    assert stage.search.groups == ()
    assert [(step.remedy, step.passed) for step in stage.search.steps] == [("", False), ("channels rescaled", True)]
    assert "relative_l2" in stage.search.steps[0].reason
    assert validate_engine_set(folder.path, Demands(bundle=bundle)).passed


def test_the_search_is_written_down(tmp_path: Path) -> None:
    record = build(tmp_path, write_loud_bundle(tmp_path / "bundle", PLANTED), ORT, INT8).manifest.stage(STAGE).search
    assert record is not None
    assert {node for group in record.groups[:2] for node in group.nodes} >= PLANTED
    assert [group.spared for group in record.groups] == [True, True, *[False] * 10]
    effects = [group.effect for group in record.groups if group.effect is not None]
    assert effects == sorted(effects, reverse=True)
    assert min(effects[:2]) > 5 * max(effects[2:])
    assert not record.steps[0].passed
    assert "relative_l2" in record.steps[0].reason
    assert any(step.remedy == "ranges narrowed" for step in record.steps)
    assert any(step.passed and step.spared == 2 for step in record.steps)
    assert sum(not step.remedy for step in record.steps) <= 6  # of 13 possible


@pytest.mark.parametrize("backend", [ORT, RTX])
def test_what_harms_the_stage_is_spared_before_what_errs_by_itself(tmp_path: Path, backend: BackendName) -> None:
    """By its own error the culprit is the last suspect, and the search would spare all others in vain."""
    stage = build(tmp_path, write_hidden_bundle(tmp_path / "bundle"), backend, INT8).manifest.stage(STAGE)
    assert stage.precision is INT8
    assert [name for name, kind in precisions(stage).items() if kind is not INT8] == ["first"]
    assert stage.search is not None
    culprit, *others = stage.search.groups
    assert culprit.nodes == ("first",)
    assert culprit.error is not None
    assert culprit.effect is not None
    assert all(culprit.error < (other.error or 0) for other in others)
    assert all(culprit.effect > 3 * (other.effect or 0) for other in others)
    reason = next(row.reason for row in stage.policy if row.node == "first")
    assert "the stage's with it alone" in reason


def test_many_groups_cost_a_bounded_number_of_runs() -> None:
    groups = [Group((str(place),), 1, 1.0 / (1 + place % 50), place) for place in range(200)]
    likely = likely_groups(groups)
    assert len(likely) == len({group.place for group in likely}) == MOST_RUNS
    assert {group.place for group in likely} >= {0, 50, 100, 150, *range(8)}


@pytest.mark.parametrize("backend", [ORT, RTX])
def test_a_hopeless_checkpoint_falls_back_cleanly(tmp_path: Path, backend: BackendName) -> None:
    bundle = write_loud_bundle(tmp_path / "bundle", everything())
    folder = build(tmp_path, bundle, backend, INT8)
    manifest, stage = folder.manifest, folder.manifest.stage(STAGE)
    assert (manifest.status, stage.precision) == (Status.FELL_BACK, backend.reference_precision)
    assert "relative_l2" in manifest.reason
    assert INT8 not in precisions(stage).values()
    assert all("refused in int8" in row.reason for row in stage.policy if row.node in everything())
    assert stage.search is not None
    assert not stage.search.found
    assert [step.spared for step in stage.search.steps if not step.remedy] == [0, 9]
    assert validate_engine_set(folder.path, Demands(bundle=bundle)).passed


def test_what_speech_wants_spared_is_spared_in_remedies_too(tmp_path: Path) -> None:
    bundle = write_hostile_bundle(tmp_path / "bundle", PLANTED, 3e3)
    canonical, evaluation = evaluation_of(bundle, STAGE)
    manifest = BundleFolder.open(bundle).manifest
    (whole,) = make_candidates(canonical, manifest, manifest.stage(STAGE), ORT, INT8, evaluation.playlist)
    some = spare(whole, INT8, FP32, ["up_3"])
    for remedy in some.remedies:
        made = remedy.make()
        assert made is not None
        assert [row.node for row in made.policy if row.precision is FP32] == ["up_3"]
        assert not any(node.name == "up_3_s8" for node in made.graph.nodes)


def test_a_harmless_checkpoint_needs_no_search(tmp_path: Path) -> None:
    stage = build(tmp_path, write_hostile_bundle(tmp_path / "bundle", (), 1.0), ORT, INT8).manifest.stage(STAGE)
    assert stage.search is None
    assert stage.lowered_share == 1.0


def group(name: str, error: float, weights: int = 100) -> GroupError:
    return GroupError((name,), weights, error)


@pytest.mark.parametrize("needed", range(8))
def test_bisection_spares_exactly_what_is_needed(needed: int) -> None:
    groups = [group(str(i), 1.0 / (i + 1)) for i in range(10)]
    result = search(groups, lambda count: "" if count >= needed + 1 else "too far", "too far")
    assert result.spared == (needed + 1 if needed + 1 <= 7 else None)  # a quarter must stay
    assert len(result.record.steps) <= 5


def test_too_little_left_is_nothing_found() -> None:
    groups = [group("huge", 1.0, 1000), group("small", 0.1, 10)]
    result = search(groups, lambda count: "", "too far")
    assert result.spared is None


def linear(scale: float) -> Graph:
    d = Draft(3)
    d.input("x", 1, "rows", 8)
    hidden = d.op("MatMul", "x", d.weight(8, 8), to="hidden")
    doubled = d.op("Mul", hidden, d.const(scale, np.float32), to="doubled")
    d.op("MatMul", doubled, d.weight(8, 8), to="y")
    d.output("y", 1, "rows", 8)
    return Graph(d.model())


def test_splicing_takes_over_single_tensors() -> None:
    full, lowered = linear(2.0), linear(3.0)
    lowered.nodes[1].input[1] = lowered.add_initializer("three", np.array(3.0, np.float32))
    (rewrite,) = find_rewrites(full, lowered)
    assert (rewrite.result, rewrite.sources, rewrite.replaced) == ("doubled", ("hidden",), ("n_doubled",))
    x = np.ones((2, 8), np.float32)
    two, three = (open_session(g.to_bytes()).run(None, {"x": x})[0] for g in (full, splice(full, lowered, [rewrite])))
    np.testing.assert_allclose(three, 1.5 * two, rtol=1e-4, atol=1e-6)
    same = splice(full, lowered, [])
    np.testing.assert_array_equal(open_session(same.to_bytes()).run(None, {"x": x})[0], two)


def test_a_node_without_constants_is_rewritten_when_its_type_changes() -> None:
    d = Draft(3)
    d.input("x", 1, "rows", 8)
    d.op("Mul", "x", "x", to="square")
    d.op("MatMul", "square", d.weight(8, 8), to="y")
    d.output("y", 1, "rows", 8)
    full = Graph(infer_shapes(d.model()))
    mixture = make_mixture(full, convert_to_half(full, ()), FP16)
    huge = {"x": np.full((2, 8), 1e3, np.float32)}
    stage = StageSpec("s", "s.onnx", full.specs()[0], full.specs()[1])
    groups = mixture.groups(Playlist(stage, 0, (Scenario({}, (huge,)),)))
    assert {group.nodes[0]: group.error for group in groups} == {"n_square": float("inf"), "n_y": float("inf")}


def test_the_planted_function_is_an_ordinary_one() -> None:
    x = np.random.default_rng(0).normal(0, 1, (1, 5, WIDTH)).astype(np.float32)
    plain, planted = (
        open_session(blocks(names, 3e3).SerializeToString()).run(None, {"x": x})[0] for names in ((), everything())
    )
    loud = open_session(blocks((), 1.0, everything()).SerializeToString()).run(None, {"x": x})[0]
    np.testing.assert_allclose(plain, planted, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(plain, loud, rtol=1e-3, atol=1e-4)


def test_no_cast_ever_stands_at_a_cache(tts_bundle: Path) -> None:
    """Even when everything that can be spared is spared, caches stay FP16 from the border to their attention."""
    canonical, evaluation = evaluation_of(tts_bundle, "decoder", frozen=True)
    full = freeze(canonical, {"max_len": evaluation.playlist.max_len})
    mixture = make_mixture(full, convert_to_half(full, reasons_for_full(full)), FP16)
    groups = mixture.groups(evaluation.playlist)
    spared = mixture.sparing([node for group in groups for node in group.nodes])
    writes = [node for node in spared.nodes if node.op_type == "TensorScatter"]
    assert len(writes) == 4
    for write in writes:
        assert write.input[0] in spared.input_names
        assert spared.element(write.input[0]) == spared.element(write.output[0]) == TensorProto.FLOAT16
        assert [reader.op_type for reader in spared.consumers[write.output[0]]] == ["Attention"]
    products = [node for node in spared.nodes if node.op_type == "MatMul"]
    assert {spared.element(node.output[0]) for node in products} == {TensorProto.FLOAT}

"""Channels that stand out are scaled down, to the bit without changing what the graph computes."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.engine_set import GateRow
from speechtrt.engines.candidate import Candidate
from speechtrt.engines.evaluation import answers
from speechtrt.engines.fallback.relief import relieve
from speechtrt.engines.gate.judgement import Verdict
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.quantize.channels import Channels, measure_channels
from speechtrt.engines.quantize.ranges import measure_ranges
from speechtrt.engines.quantize.rescaling import Rescaled, outlier_factors, rescale
from speechtrt.engines.remedy import Remedy
from speechtrt.engines.scenario import Playlist, Scenario
from speechtrt.engines.session import open_session
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import evaluation_of

WIDTH, LOUD = 16, 5


def draft(gain: float) -> tuple[tiny.Draft, str, str]:
    """A normalised input whose channel LOUD is `gain` times too large."""
    d = tiny.Draft(5)
    x = d.input("x", tiny.F32, "rows", "frames", WIDTH)
    scale, shift = d.random.uniform(0.5, 1.5, WIDTH), d.random.normal(0, 0.2, WIDTH)
    scale[LOUD] *= gain
    return d, x, d.op("LayerNormalization", x, d.const(scale, np.float32), d.const(shift, np.float32), to="normal")


def finished(d: tiny.Draft, **products: str) -> Graph:
    """Products and what they read, by name; all are results."""
    for name, tensor in products.items():
        d.op("MatMul", tensor, d.weight(WIDTH, WIDTH), to=name)
        d.output(name, tiny.F32, "rows", "frames", WIDTH)
    return Graph(infer_shapes(d.model()))


def playlist(graph: Graph) -> Playlist:
    random = np.random.default_rng(2)
    runs = [Scenario({}, ({"x": random.normal(0, 1, (2, 7, WIDTH)).astype(np.float32)},)) for _ in range(3)]
    return Playlist(StageSpec("s", "", *graph.specs()), 0, tuple(runs))


def rescaled(graph: Graph) -> Rescaled:
    products = [node.name for node in graph.nodes if node.op_type in ("MatMul", "Gemm")]
    return rescale(graph, products, playlist(graph))


def replies(graph: Graph) -> list[np.ndarray]:
    x = np.random.default_rng(8).normal(0, 1, (3, 11, WIDTH)).astype(np.float32)
    values: list[np.ndarray] = open_session(graph.to_bytes()).run(None, {"x": x})
    return values


def largest(graph: Graph) -> float:
    """Of what the product `q` reads."""
    source = graph.producers["q"].input[0]
    return measure_ranges(graph, [source], playlist(graph))[source].largest


def kinds(graph: Graph) -> list[str]:
    return sorted(node.op_type for node in graph.nodes)


def test_products_of_any_kind_compute_the_same() -> None:
    d, _, normal = draft(400.0)
    d.op("Gemm", d.op("Reshape", normal, d.ints(-1, WIDTH)), d.weight(8, WIDTH), transB=1, to="flat")
    d.output("flat", tiny.F32, "n", 8)
    graph = finished(d, q="normal", k="normal")
    found = rescaled(graph)
    assert found.channels.keys() == {"n_q", "n_k", "n_flat"}
    for before, after in zip(replies(graph), replies(found.graph), strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_only_products_read_costs_no_node() -> None:
    d, _, _ = draft(400.0)
    graph = finished(d, q="normal", k="normal")
    found = rescaled(graph)
    assert found.channels == {"n_q": 1, "n_k": 1}
    assert kinds(found.graph) == kinds(graph) == ["LayerNormalization", "MatMul", "MatMul"]
    assert largest(graph) > 10 * largest(found.graph)
    for before, after in zip(replies(graph), replies(found.graph), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("gain", "divided"), [(400.0, True), (3.0, False)])
def test_what_others_read_is_divided_apart_if_that_is_worth_it(gain: float, divided: bool) -> None:
    d, x, normal = draft(gain)
    d.op("Add", x, normal, to="residual")
    d.output("residual", tiny.F32, "rows", "frames", WIDTH)
    graph = finished(d, q="normal", k="normal")
    found = rescaled(graph)
    assert bool(found.channels) is divided
    assert kinds(found.graph).count("Mul") == int(divided)
    assert kinds(found.graph).count("LayerNormalization") == 1
    for before, after in zip(replies(graph), replies(found.graph), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_product_that_is_not_rescaled_keeps_what_it_reads() -> None:
    d, _, _ = draft(400.0)
    graph = finished(d, q="normal", k="normal")
    found = rescale(graph, ["n_q"], playlist(graph))
    assert found.graph.producers["k"].input[0] == "normal"
    for before, after in zip(replies(graph), replies(found.graph), strict=True):
        np.testing.assert_array_equal(before, after)


def test_even_channels_stay() -> None:
    d, _, _ = draft(1.0)
    graph = finished(d, q="normal")
    assert largest(rescaled(graph).graph) == pytest.approx(largest(graph), rel=0.6)
    quiet = Channels(*(np.array([end, 0.0, end, end, end]) for end in (-1.0, 1.0, 0.5)))
    np.testing.assert_array_equal(outlier_factors(quiet, np.ones((5, 3))), np.ones(5))


def test_channels_are_measured_over_all_runs() -> None:
    d, _, _ = draft(1.0)
    graph = finished(d, q="normal")
    inputs = playlist(graph)
    found = measure_channels(graph, {"x": WIDTH}, inputs)["x"]
    rows = np.concatenate([s.steps[0]["x"].reshape(-1, WIDTH) for s in inputs.scenarios]).astype(np.float64)
    np.testing.assert_allclose(found.low, rows.min(axis=0))
    np.testing.assert_allclose(found.high, rows.max(axis=0))
    np.testing.assert_allclose(found.power, (rows**2).mean(axis=0), rtol=1e-5)


@pytest.mark.parametrize("stage", ["encoder", "decoder"])
def test_a_stage_of_a_voice_computes_the_same(tts_bundle: Path, stage: str) -> None:
    """With states, masks and several readers of a norm."""
    graph, evaluation = evaluation_of(tts_bundle, stage)
    for node in graph.nodes:
        if node.op_type == "LayerNormalization":
            scale = np.array(graph.constant(node.input[1]))
            scale[3] *= 99
            node.input[1] = graph.add_initializer(f"{node.name}_loud", scale)
    products = [n.name for n in graph.nodes if n.op_type == "MatMul" and graph.constant(n.input[1]) is not None]
    found = rescale(graph, products, evaluation.playlist)
    assert found.channels
    before, after = (answers(g.to_bytes(), evaluation.playlist) for g in (graph, found.graph))
    for name, values in before.items():
        for a, b in zip(values, after[name], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_a_remedy_is_kept_only_if_it_errs_less() -> None:
    def verdict(error: float, limit: float = 0.1) -> Verdict:
        return Verdict((GateRow("s", "relative_l2", error, limit, error <= limit),))

    graphs = [finished(draft(1.0)[0], q="normal") for _ in range(4)]
    plain, worse, better, best = (Candidate(graph, (), ()) for graph in graphs)
    errors = {id(worse.graph): 0.6, id(better.graph): 0.3, id(best.graph): 0.05}

    def tried(*made: Candidate | None) -> tuple[Candidate, list[bool]]:
        remedies = tuple(Remedy(str(place), lambda c=c: c) for place, c in enumerate(made))  # type: ignore[misc]
        subject = Candidate(plain.graph, (), (), remedies=remedies)
        relief = relieve(subject, verdict(0.5), lambda c: verdict(errors[id(c.graph)]))
        return relief.candidate, [step.passed for step in relief.steps]

    assert tried(worse)[0].graph is plain.graph
    assert tried(None, worse, better)[0] is better
    assert tried(better, worse)[0] is better
    assert tried(best, better) == (best, [False, True])

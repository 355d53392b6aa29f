"""A lowering without effect is an error of its own, wherever it is lost: in the graph, in the parser, in the engine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from onnx import numpy_helper

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import NodePolicy
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.builders.flavour import RTX
from speechtrt.engines.builders.network import messages, parse_network
from speechtrt.engines.builders.network_types import check_policy, products
from speechtrt.engines.builders.plan_contents import _widened, check_plan
from speechtrt.engines.builders.tensorrt import TensorRTBuilder
from speechtrt.engines.candidate import Candidate, make_candidates
from speechtrt.engines.fulfilment import check_fulfilled
from speechtrt.engines.graph import Graph
from speechtrt.engines.quantize.quantized import Quantized
from speechtrt.errors import PrecisionError
from speechtrt.precision import BackendName, Precision
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import ANY_TIME, evaluation_of
from tests.engines.tiny_bundles import write_tts_bundle

ORT, RTX_NAME = BackendName.ORT_CPU, BackendName.TENSORRT_RTX
LOWERED = [
    (ORT, Precision.INT8),
    (ORT, Precision.INT8_WEIGHTS),
    (ORT, Precision.INT4),
    (RTX_NAME, Precision.FP16),
    (RTX_NAME, Precision.INT8),
    (RTX_NAME, Precision.FP8),
]
PRODUCTS = ("MatMul", "Gemm", "Conv", "ConvTranspose")


def candidate(bundle: Path, stage: str, backend: BackendName, precision: Precision) -> Candidate:
    manifest = BundleFolder.open(bundle).manifest
    canonical, evaluation = evaluation_of(bundle, stage)
    return make_candidates(canonical, manifest, manifest.stage(stage), backend, precision, evaluation.playlist)[0]


@pytest.mark.parametrize(("backend", "precision"), LOWERED)
@pytest.mark.parametrize("stage", ["decoder", "vocoder"])
def test_what_was_lowered_keeps_its_word(
    tts_bundle: Path, backend: BackendName, precision: Precision, stage: str
) -> None:
    made = candidate(tts_bundle, stage, backend, precision)
    check_fulfilled(made.graph, made.policy)


@pytest.mark.parametrize(("backend", "precision"), LOWERED)
def test_a_lowering_without_effect_is_found(tts_bundle: Path, backend: BackendName, precision: Precision) -> None:
    made = candidate(tts_bundle, "decoder", backend, precision)
    assert made.full is not None
    with pytest.raises(PrecisionError, match=rf"is {precision} by its policy, but the lowered graph computes it in fp"):
        check_fulfilled(made.full, made.policy)


def test_a_node_that_is_lost_is_found(tts_bundle: Path) -> None:
    made = candidate(tts_bundle, "decoder", ORT, Precision.INT8)
    with pytest.raises(PrecisionError, match="the lowered graph lacks it"):
        check_fulfilled(made.graph, [NodePolicy("nobody", "MatMul", Precision.INT8, "")])


@pytest.mark.parametrize(
    ("backend", "quantiser"),
    [(ORT, "quantize_products"), (RTX_NAME, "quantize_calibrated")],
)
def test_no_fallback_hides_it(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch, backend: BackendName, quantiser: str
) -> None:
    """The quantiser says what it did and does nothing: numbers are perfect, so that every gate would pass."""
    place = f"speechtrt.engines.candidate.{quantiser}"
    honest: Callable[..., Quantized] = getattr(__import__("speechtrt.engines.candidate", fromlist=["x"]), quantiser)

    def idle(graph: Graph, *rest: object) -> Quantized:
        return Quantized(graph, honest(graph, *rest).policy)

    monkeypatch.setattr(place, idle)
    monkeypatch.setattr("speechtrt.engines.candidate.quantize_convolutions", lambda done, *_: done)
    with pytest.raises(PrecisionError, match="the lowering had no effect"):
        build_engine_set(
            ctc_bundle,
            backend,
            Precision.INT8,
            tmp_path / "out",
            cache=tmp_path / "cache",
            most_time=ANY_TIME,
            say=lambda line: None,
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("precision", [Precision.FP16, Precision.INT8, Precision.FP8])
def test_the_parsed_network_has_every_product_in_its_precision(tts_bundle: Path, precision: Precision) -> None:
    made = candidate(tts_bundle, "decoder", RTX_NAME, precision)
    with messages(RTX) as said:
        network = parse_network(RTX, made.graph, said)[1]
    found = products(network)
    wanted = {row.node: row.precision for row in made.policy if row.op in PRODUCTS}
    assert {name: found.get(name) for name in wanted} == wanted
    assert precision in wanted.values()
    check_policy(RTX, network, made.policy)


@pytest.mark.parametrize("precision", [Precision.FP16, Precision.INT8])
def test_a_builder_that_ignores_the_precision_is_refused(tts_bundle: Path, precision: Precision) -> None:
    made = candidate(tts_bundle, "decoder", RTX_NAME, precision)
    assert made.full is not None
    with pytest.raises(PrecisionError, match=rf"TensorRT-RTX computes \S+ in fp\d\d, its policy says {precision}"):
        TensorRTBuilder(RTX).build(made.full, made.profiles, made.policy)


@pytest.fixture(scope="module")
def wide_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights large enough to be told from everything else in an engine file."""
    size = tiny.DecoderSize(heads=2, width=32, feed_forward=128)
    return write_tts_bundle(tmp_path_factory.mktemp("wide") / "tts", size)


@pytest.mark.parametrize("precision", [Precision.FP16, Precision.INT8])
def test_wide_weights_in_an_engine_file_are_found(
    wide_bundle: Path, monkeypatch: pytest.MonkeyPatch, precision: Precision
) -> None:
    """A compiler that takes the network and builds it in full precision is not believed."""
    made = candidate(wide_bundle, "decoder", RTX_NAME, precision)
    full = candidate(wide_bundle, "decoder", RTX_NAME, Precision.FP32)
    honest = TensorRTBuilder(RTX).build(made.graph, made.profiles, made.policy)
    check_plan("x", honest, made.graph, made.policy)
    ignorant = TensorRTBuilder(RTX).build(widened(full.graph, made.graph), full.profiles)
    monkeypatch.setattr("speechtrt.engines.builders.tensorrt.compile_network", lambda *_: ignorant)
    with pytest.raises(PrecisionError, match=rf"as float32, its policy says {precision}"):
        TensorRTBuilder(RTX).build(made.graph, made.profiles, made.policy)


def test_an_engine_file_that_lost_a_node_is_refused(tts_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built from the FP16 graph, it names no node that unpacks integers."""
    made = candidate(tts_bundle, "decoder", RTX_NAME, Precision.INT8)
    assert made.full is not None
    ignorant = TensorRTBuilder(RTX).build(made.full, made.profiles)
    monkeypatch.setattr("speechtrt.engines.builders.tensorrt.compile_network", lambda *_: ignorant)
    with pytest.raises(PrecisionError, match=r"built an engine without \S+_weight_back"):
        TensorRTBuilder(RTX).build(made.graph, made.profiles, made.policy)


def widened(full: Graph, lowered: Graph) -> Graph:
    """The full graph with the lowered one's values for weights."""
    graph = full.copy()
    nodes = {node.name: node for node in lowered.nodes}
    for node in (node for node in graph.nodes if node.op_type == "MatMul"):
        *_, found = [None, *_widened(lowered, nodes[node.name])]
        weight = graph.initializers.get(node.input[1])
        if found is not None and weight is not None:
            value = graph.constant(node.input[1])
            assert value is not None
            flat = value.reshape(-1).copy()
            flat[: found.size] = found[: flat.size]
            weight.CopyFrom(numpy_helper.from_array(flat.reshape(value.shape), weight.name))
    return graph

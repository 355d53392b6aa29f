"""Engines of the offline recognisers: every backend that builds here accepts the graphs and stays near them."""

from pathlib import Path

import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineSet, Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.half import front_end
from speechtrt.precision import BackendName, Precision


def built(bundle: BundleFolder, backend: BackendName, precision: Precision, out: Path) -> EngineSet:
    """However slow: what is small gains nothing from fewer bits."""
    folder = build_engine_set(
        bundle.path, backend, precision, out / "engines", cache=out / "cache", most_time=1e9, say=lambda _: None
    )
    return folder.manifest


def test_int8_on_the_cpu(offline_bundle: BundleFolder, tmp_path: Path) -> None:
    engines = built(offline_bundle, BackendName.ORT_CPU, Precision.INT8, tmp_path)
    assert engines.status is Status.ACCEPTED, engines.reason
    weights = [row for row in engines.stages[0].policy if "weight" in row.reason and row.op in ("MatMul", "Gemm")]
    assert sum(row.precision is Precision.INT8 for row in weights) >= 0.8 * len(weights) > 0


@pytest.mark.parametrize("backend", [BackendName.TENSORRT_RTX, BackendName.ORT_CUDA])
def test_gpus(offline_bundle: BundleFolder, backend: BackendName, tmp_path: Path) -> None:
    """INT8 starts from the FP16 graph, so that one build shows both."""
    engines = built(offline_bundle, backend, Precision.INT8, tmp_path)
    assert engines.status is Status.ACCEPTED, engines.reason
    assert {row.precision for row in engines.stages[0].policy} >= {Precision.INT8, Precision.FP16}
    assert {profile.dim: profile.max for profile in engines.stages[0].profiles} == {"rows": 32, "time": 480_000}


def test_volume_and_lengths_are_no_half_precision_numbers(offline_bundle: BundleFolder) -> None:
    """A sum of squares underflows FP16, and a number of samples overflows it."""
    graph = Graph.load(offline_bundle.file("encoder.onnx"))
    first = front_end(graph)
    kinds = [node.op_type for node in graph.nodes if node.name in first]
    assert ("Sqrt" in kinds) == (offline_bundle.manifest.family != "hubert_ctc")  # which takes samples as they are
    assert ("Log" in kinds) == (offline_bundle.manifest.family == "parakeet_ctc")
    floats = {n.name for n in graph.nodes if n.op_type == "Cast" and graph.element(n.output[0]) == 1}
    assert floats <= set(first)

"""Tiny random checkpoints of both streaming families, exported and compared on every backend that builds here."""

from pathlib import Path

import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.precision import BackendName, Precision

ANYWHERE = (BackendName.ORT_CPU, BackendName.ORT_CUDA, BackendName.TENSORRT_RTX)


@pytest.mark.parametrize("backend", ANYWHERE)
@pytest.mark.parametrize("model", ["tts_bundle", "ctc_bundle"])
def test_every_stage_is_near_its_graph(
    model: str, backend: BackendName, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """However slow: what is small gains nothing from fewer bits."""
    bundle: BundleFolder = request.getfixturevalue(model)
    engines = build_engine_set(
        bundle.path,
        backend,
        Precision.INT8,
        tmp_path / "engines",
        cache=tmp_path / "cache",
        most_time=1e9,
        say=lambda _: None,
    ).manifest
    assert engines.status is Status.ACCEPTED, engines.reason
    compared = {row.stage for row in engines.gate if row.metric == "relative_l2" and row.passed}
    assert compared == {stage.name for stage in bundle.manifest.stages}

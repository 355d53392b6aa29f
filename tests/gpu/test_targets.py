"""Ahead-of-time engines for one kind of GPU: the one in this machine runs what was built for it."""

from pathlib import Path

import pytest

from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.builders.flavour import RTX
from speechtrt.engines.builders.network import CURRENT
from speechtrt.engines.builders.tensorrt import TensorRTBuilder
from speechtrt.engines.graph import Graph
from speechtrt.precision import BackendName, Precision
from speechtrt.reference import MODELS
from speechtrt.runtime.backends.cuda import Cuda
from tests.gpu.conftest import built

pytestmark = pytest.mark.gpu


@pytest.mark.parametrize("model", [model.name for model in MODELS])
@pytest.mark.parametrize("target", [CURRENT, "8.0"])
def test_every_stage_builds_for_one_kind_of_gpu(cuda: Cuda, tmp_path: Path, model: str, target: str) -> None:
    folder = built(model, BackendName.TENSORRT_RTX, Precision.FP16)
    builder = TensorRTBuilder(RTX, target=target)
    for stage in folder.manifest.stages:
        graph = Graph.load(folder.file(f"{EVALUATION}/{stage.spec.name}.onnx"))
        path = tmp_path / f"{stage.spec.name}.engine"
        path.write_bytes(builder.build(graph, stage.profiles, stage.policy))
        if target in (CURRENT, cuda.capability):
            assert builder.open(path, stage) == ""

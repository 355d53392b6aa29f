"""Every reference model on every backend for GPUs: engines pass the gate that their graphs passed on the CPU."""

from dataclasses import replace

import numpy as np
import pytest

from speechtrt.benchmarks.quality.check import SpeechQuality
from speechtrt.benchmarks.quality.player import EnginePlayer
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.scenario import moving_states
from speechtrt.engines.validate import Demands, validate_engine_set
from speechtrt.precision import BackendName, Precision
from speechtrt.reference import DEFAULT_ROOT, LISTENER, MODELS
from speechtrt.runtime.backends.cuda import open_cuda
from speechtrt.runtime.backends.cuda_python import CudaPython
from speechtrt.specs import StageSpec
from tests.gpu.conftest import built, bundle

pytestmark = [pytest.mark.gpu, pytest.mark.usefixtures("cuda")]

NAMES = [model.name for model in MODELS]
RTX = BackendName.TENSORRT_RTX
# Polygraphy drives one TensorRT in a process, so `make test-gpu` leaves what is called `full` to a second one.
FP32 = [(RTX, Precision.FP32), pytest.param(BackendName.TENSORRT, Precision.FP32, id="full-fp32")]
FP16 = [(RTX, Precision.FP16), pytest.param(BackendName.TENSORRT, Precision.FP16, id="full-fp16")]
INT8 = [(RTX, Precision.INT8), pytest.param(BackendName.TENSORRT, Precision.INT8, id="full-int8")]
ORT = [(BackendName.ORT_CUDA, Precision.FP16), (BackendName.ORT_CUDA, Precision.INT8)]


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize(("backend", "precision"), [*FP32, *FP16, *INT8, *ORT])
def test_the_engine_passes_its_gate(
    player: EnginePlayer, model: str, backend: BackendName, precision: Precision
) -> None:
    folder = built(model, backend, precision)
    report = validate_engine_set(folder.path, Demands(bundle=bundle(model).path, player=player))
    played = [row for row in report.rows if row.note.endswith(f"executed on {player.device}")]
    for row in played:
        print(f"\n{model} {backend} {precision} {row.stage} {row.metric} {row.value} (limit {row.limit})", end="")
    assert {row.stage for row in played} == {stage.spec.name for stage in folder.manifest.stages}, report.failures
    assert report.passed, report.failures


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize(("backend", "precision"), [*FP16, *INT8, *ORT])
def test_it_speaks_and_hears_as_the_cpu_does(model: str, backend: BackendName, precision: Precision) -> None:
    reference = f"{BackendName.ORT_CPU}-{Precision.FP32}"
    engines = DEFAULT_ROOT / "engines"
    check = SpeechQuality(engines / LISTENER.name / reference)
    report = check.compare(built(model, backend, precision).path, engines / model / reference)
    assert report.passed, [figure for figure in report.figures if not figure.passed]


@pytest.mark.parametrize("model", NAMES)
@pytest.mark.parametrize(("backend", "precision"), FP16)
def test_a_replayed_graph_computes_what_a_queued_step_does(
    player: EnginePlayer, monkeypatch: pytest.MonkeyPatch, model: str, backend: BackendName, precision: Precision
) -> None:
    """States, pinned memory and streams are the same in both; only the launch differs."""
    folder = built(model, backend, precision)
    stage = next(stage.spec for stage in folder.manifest.stages if moving_states(stage.spec))
    replayed = outputs(player, folder, stage)
    device = open_cuda()
    assert isinstance(device, CudaPython), "cuda-python captures graphs: pip install cuda-python"
    monkeypatch.setattr("speechtrt.runtime.backends.cuda.open_cuda", lambda: replace(device, captures=False))
    for name, values in outputs(player, folder, stage).items():
        for queued, again in zip(values, replayed[name], strict=True):
            np.testing.assert_array_equal(queued, again)


def outputs(player: EnginePlayer, folder: EngineFolder, stage: StageSpec) -> Outputs:
    recorded = folder.file(f"{EVALUATION}/{stage.name}.npz")
    return player.answers(folder, decode_evaluation(recorded, folder.manifest.model.stage(stage.name)).playlist)

"""The example of a client against a stand-in for Triton, which keeps states as the configuration says."""

import itertools
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime
import pytest

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.deploy.triton.flavour import Flavour
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.repository import Repository
from speechtrt.deploy.triton.settings import Settings
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.asr.test_stream_engines import sound

EXAMPLE = Path(__file__).parents[3] / "speechtrt/deploy/triton/clients/step.py"
DTYPES = {"TYPE_FP32": np.float32, "TYPE_INT64": np.int64}


@dataclass
class Input:
    """As tritonclient's."""

    name: str
    shape: Sequence[int]
    kind: str
    values: Any = None

    def set_data_from_numpy(self, values: Any) -> None:
        assert tuple(values.shape) == tuple(self.shape)
        self.values = values


@dataclass
class Result:
    """As tritonclient's."""

    outputs: Mapping[str, Any]

    def as_numpy(self, name: str) -> Any:
        return self.outputs[name]


@dataclass
class StandIn:
    """Runs one model: states begin with the configured zeros, and every output state is the next input state."""

    model: Model
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        path = self.model.files["1/model.onnx"]
        self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        batching: Any = self.model.config["sequence_batching"]
        self.states: list[dict[str, Any]] = batching["state"]

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: object) -> None:
        assert not self.kept, "a sequence was not ended"

    def get_model_config(self, name: str, as_json: bool) -> dict[str, Any]:
        parameters: Any = self.model.config["parameters"]
        assert as_json and name == self.model.name
        return {"config": {"parameters": {one["key"]: one["value"] for one in parameters}}}

    def infer(
        self, name: str, inputs: Sequence[Input], sequence_id: int, sequence_start: bool, sequence_end: bool
    ) -> Result:
        if sequence_start:
            self.kept[sequence_id] = {state["input_name"]: self._zeros(state) for state in self.states}
        configured: Any = self.model.config["output"]
        names = [one["name"] for one in configured] + [state["output_name"] for state in self.states]
        given = {one.name: one.values for one in inputs}
        outputs = dict(zip(names, self.session.run(names, {**given, **self.kept[sequence_id]}), strict=True))
        self.kept[sequence_id] = {state["input_name"]: outputs[state["output_name"]] for state in self.states}
        if sequence_end:
            del self.kept[sequence_id]
        return Result(outputs)

    def _zeros(self, state: Mapping[str, Any]) -> Any:
        initial = state["initial_state"]
        assert initial["zero_data"] and initial["dims"] == state["dims"]
        return np.zeros(initial["dims"], DTYPES[initial["data_type"]])


@pytest.mark.parametrize("chunk", [160, 560])
@pytest.mark.parametrize("samples", [100_000, 9_001, 161])
def test_the_example_hears_what_the_runtime_hears(
    tiny_ctc_engines: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    chunk: int,
    samples: int,
) -> None:
    models = Repository.of([tiny_ctc_engines], Settings(flavour=Flavour.ONNXRUNTIME)).models
    [model] = [model for model in models if model.name.endswith(f"step_{chunk}")]
    write_wav(tmp_path / "said.wav", Audio(sound(samples, seed=samples), 16_000))
    grpc, package = ModuleType("tritonclient.grpc"), ModuleType("tritonclient")
    vars(grpc).update(InferInput=Input, InferResult=Result, InferenceServerClient=lambda _url: StandIn(model))
    vars(package).update(grpc=grpc)
    monkeypatch.setitem(sys.modules, "tritonclient", package)
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", grpc)
    monkeypatch.setattr(sys, "argv", ["step.py", str(tmp_path / "said.wav"), "--model", model.name])
    runpy.run_path(str(EXAMPLE), run_name="__main__")
    with Transcriber.open(tiny_ctc_engines, (chunk,), slots=1) as transcriber:
        said = transcriber.transcribe(read_audio(tmp_path / "said.wav"), RECORDING)
    assert capsys.readouterr().out.split() == said.text.split()


def test_no_two_states_share_a_name(tiny_ctc_engines: Path) -> None:
    for model in Repository.of([tiny_ctc_engines], Settings(flavour=Flavour.ONNXRUNTIME)).models:
        batching: Any = model.config["sequence_batching"]
        names = list(itertools.chain.from_iterable((s["input_name"], s["output_name"]) for s in batching["state"]))
        assert len(names) == len(set(names))
        assert all(state["use_same_buffer_for_input_output"] for state in batching["state"])

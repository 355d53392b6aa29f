"""ONNX Runtime on a GPU, as far as a machine without one can tell: what is bound, what is run, what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.backends.cuda_python import CudaPython
from speechtrt.runtime.backends.ort_cuda import OrtCudaProgram, open_session
from tests.runtime.backends.fake_device import CudaBindings, Device
from tests.runtime.backends.test_device_runner import STAGE, compute
from tests.runtime.backends.test_ort import graph


class Session:
    """Remembers what it was asked; a wrong input is an error as ONNX Runtime raises it."""

    def __init__(self) -> None:
        self.bound: dict[str, tuple[Any, ...]] = {}
        self.runs: list[str] = []

    def bind_input(self, name: str, *place: Any) -> None:
        self.bound[name] = ("input", *place)

    def bind_output(self, name: str, *place: Any) -> None:
        self.bound[name] = ("output", *place)

    def run_with_iobinding(self, binding: object, options: Any) -> None:
        if len(self.bound) < len(STAGE.inputs) + len(STAGE.outputs):
            raise ValueError("an input is missing\nstack")
        self.runs.append(options.get_run_config_entry("disable_synchronize_execution_providers"))

    def run(self, names: list[str], inputs: dict[str, Array]) -> list[Array]:
        found = compute({name: value.copy() for name, value in inputs.items()})
        return [found[name] for name in names]


def test_tensors_are_bound_where_they_lie_on_the_device() -> None:
    session = Session()
    program = OrtCudaProgram(STAGE, session, session)
    stream = CudaPython.open(CudaBindings(Device())).stream()
    with pytest.raises(BackendError, match="failed in ONNX Runtime on the GPU: an input is missing") as caught:
        program.execute(stream)
    assert "\n" not in str(caught.value)
    for index, spec in enumerate((*STAGE.inputs, *STAGE.outputs)):
        program.place(spec, (3, 2), 4096 + index)
    assert session.bound["position"] == ("input", "cuda", 0, np.int64, (3, 2), 4097)
    assert session.bound["total"][0] == "output"
    program.execute(stream)
    assert session.runs == ["1"]  # the stream is waited for once, by the runner


def test_one_pass_over_free_shapes() -> None:
    zeros = {t.name: np.zeros(t.resolve({"slots": 2}), t.dtype.value) for t in STAGE.inputs}
    assert OrtCudaProgram(STAGE, Session(), None).run(zeros)["total"].tolist() == [0, 0]


@pytest.mark.filterwarnings("ignore:Specified provider:UserWarning")
def test_a_graph_that_no_gpu_takes_is_refused(tmp_path: Path) -> None:
    onnx.save(graph(), tmp_path / "step.onnx")
    stream = CudaPython.open(CudaBindings(Device())).stream()
    with pytest.raises(BackendError, match=r"cannot place every node on the GPU|fell back to CPUExecutionProvider"):
        open_session(tmp_path / "step.onnx", stream)

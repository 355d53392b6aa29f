"""ONNX Runtime steps in place over the first rows of preallocated arrays, and refuses what it cannot run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from speechtrt.artifact import FileEntry, sha256_file
from speechtrt.engine_set import EngineFolder, EngineSet, EngineStage, Status
from speechtrt.errors import BackendError, IntegrityError, ManifestError
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.backends.ort import OrtRunner
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.batching.memory import Memory
from speechtrt.specs import DType, StageSpec, StateKind, StateSpec
from tests.runtime.fakes import ctc_bundle, ctc_stages, tensor

STAGE = StageSpec(
    "step",
    "step.onnx",
    (
        tensor("x", DType.FLOAT32, "slots", 1, 1, 2),
        tensor("position", DType.INT64, "slots"),
        tensor("k", DType.FLOAT32, "slots", 1, "max_len", 2),
    ),
    (tensor("total", DType.FLOAT32, "slots"), tensor("k_out", DType.FLOAT32, "slots", 1, "max_len", 2)),
    (StateSpec("k", "k_out", StateKind.KV_CACHE, "max_len"),),
)


def graph() -> onnx.ModelProto:
    """k_out is k with x written at each row's position; total is the sum of k_out."""
    types = {DType.FLOAT32: TensorProto.FLOAT, DType.INT64: TensorProto.INT64}
    nodes = [
        helper.make_node("TensorScatter", ["k", "x", "position"], ["k_out"], axis=2, mode="linear"),
        helper.make_node("ReduceSum", ["k_out", "axes"], ["total"], keepdims=0),
    ]
    inputs, outputs = (
        [helper.make_tensor_value_info(t.name, types[t.dtype], t.shape) for t in tensors]
        for tensors in (STAGE.inputs, STAGE.outputs)
    )
    axes = helper.make_tensor("axes", TensorProto.INT64, [3], [1, 2, 3])
    body = helper.make_graph(nodes, "step", inputs, outputs, [axes])
    return helper.make_model(body, opset_imports=[helper.make_opsetid("", 24)], ir_version=11)


@pytest.fixture
def folder(tmp_path: Path) -> EngineFolder:
    onnx.save(graph(), tmp_path / "step.onnx")
    path = tmp_path / "step.onnx"
    entry = FileEntry("step.onnx", sha256_file(path), path.stat().st_size)
    return EngineFolder(
        tmp_path,
        EngineSet(
            name="tiny",
            bundle_sha256="",
            model=ctc_bundle(ctc_stages()),
            backend=BackendName.ORT_CPU,
            requested=Precision.FP32,
            precision=Precision.FP32,
            status=Status.ACCEPTED,
            reason="",
            stages=(EngineStage(STAGE, entry, Precision.FP32, (), (), 0.0, ""),),
            gate=(),
            device={},
            builder={},
            files=(entry,),
        ),
    )


def test_a_step_writes_the_first_rows_in_place(folder: EngineFolder, capfd: pytest.CaptureFixture[str]) -> None:
    memory = Memory.allocate(STAGE, {"slots": 3, "max_len": 4})
    assert memory["k"] is memory["k_out"]
    memory["k"][...] = 1
    with open_backend(folder, 1).open("step") as runner:
        runner.bind(memory.arrays)
        for step, rows in enumerate((2, 1, 2)):
            memory["x"][...] = 10.0 + step
            memory["position"][...] = step
            runner.step(rows)
    np.testing.assert_array_equal(memory["k"][0, 0, :, 0], [10, 11, 12, 1])
    np.testing.assert_array_equal(memory["k"][1, 0, :, 0], [10, 1, 12, 1])
    np.testing.assert_array_equal(memory["k"][2, 0, :, 0], [1, 1, 1, 1])
    assert memory["total"].tolist() == [68, 48, 0]
    assert capfd.readouterr().err == ""


def test_a_step_over_rows_in_the_middle_leaves_the_others_alone(folder: EngineFolder) -> None:
    memory = Memory.allocate(STAGE, {"slots": 5, "max_len": 3})
    memory["x"][...] = np.arange(5).reshape(5, 1, 1, 1)
    with open_backend(folder, threads=1).open("step") as runner:
        runner.bind(memory.arrays)
        for _ in range(2):
            runner.step(2, first=2)
    assert memory["total"].tolist() == [0, 0, 4, 6, 0]
    assert memory["k"][:, 0, 0, 0].tolist() == [0, 0, 2, 3, 0]


def test_runners_of_a_stage_share_nothing(folder: EngineFolder) -> None:
    backend = open_backend(folder, threads=1)
    memories = [Memory.allocate(STAGE, {"slots": 1, "max_len": 3}) for _ in range(2)]
    with backend.open("step") as first, backend.open("step") as second:
        assert isinstance(first, OrtRunner) and isinstance(second, OrtRunner)
        assert first._session is not second._session
        for number, (runner, memory) in enumerate(zip((first, second), memories, strict=True), 1):
            memory["x"][...] = number
            runner.bind(memory.arrays)
        first.close()
        second.step(1)
    assert [memory["total"].tolist() for memory in memories] == [[0], [4]]


def test_new_memory_is_used_after_bind(folder: EngineFolder) -> None:
    with open_backend(folder, 1).open("step") as runner:
        for max_len in (2, 5):
            memory = Memory.allocate(STAGE, {"slots": 1, "max_len": max_len})
            memory["k"][...] = 1
            runner.bind(memory.arrays)
            runner.step(1)
            assert memory["total"].tolist() == [2 * max_len - 2]


def test_a_free_pass_gives_every_output(folder: EngineFolder) -> None:
    with open_backend(folder, None).open("step") as runner:
        cache = np.ones((2, 1, 7, 2), np.float32)
        x, position = np.full((2, 1, 1, 2), 3, np.float32), np.array([0, 6])
        outputs = runner.run({"x": x, "position": position, "k": cache})
    assert outputs["total"].tolist() == [18, 18]
    assert outputs["k_out"].shape == cache.shape


def test_wrong_memory_is_refused(folder: EngineFolder) -> None:
    memory = Memory.allocate(STAGE, {"slots": 2, "max_len": 4})
    memory.arrays["x"] = memory["x"].astype(np.float64)
    with (
        open_backend(folder, 1).open("step") as runner,
        pytest.raises(BackendError, match="cannot bind x: found float64"),
    ):
        runner.bind(memory.arrays)


def test_a_failing_pass_is_one_line(folder: EngineFolder) -> None:
    with (
        open_backend(folder, 1).open("step") as runner,
        pytest.raises(BackendError, match="stage step failed") as caught,
    ):
        runner.run({"x": np.zeros((1, 2), np.float32), "position": np.zeros(1, np.int64), "k": np.zeros(1, np.float32)})
    assert "\n" not in str(caught.value)


def test_a_failing_step_is_one_line(folder: EngineFolder) -> None:
    memory = Memory.allocate(STAGE, {"slots": 1, "max_len": 4})
    memory["position"][...] = 99
    with open_backend(folder, 1).open("step") as runner:
        runner.bind(memory.arrays)
        with pytest.raises(BackendError, match="stage step failed") as caught:
            runner.step(1)
    assert "\n" not in str(caught.value)


def test_a_closed_runner_says_so(folder: EngineFolder) -> None:
    runner = open_backend(folder, 1).open("step")
    runner.close()
    runner.close()
    with pytest.raises(BackendError, match="is closed"):
        runner.step(1)


def test_a_changed_engine_is_refused(folder: EngineFolder) -> None:
    (folder.path / "step.onnx").write_bytes(b"something else")
    with pytest.raises(IntegrityError, match="expects"):
        open_backend(folder, 1).open("step")


def test_a_file_that_is_no_engine_is_refused(folder: EngineFolder) -> None:
    (folder.path / "step.onnx").write_bytes(b"something else")
    entry = FileEntry("step.onnx", sha256_file(folder.path / "step.onnx"), 14)
    manifest = replace(folder.manifest, files=(entry,))
    with pytest.raises(BackendError, match="cannot load it") as caught:
        open_backend(EngineFolder(folder.path, manifest), 1).open("step")
    assert "\n" not in str(caught.value)


def test_an_unknown_stage_is_refused(folder: EngineFolder) -> None:
    with pytest.raises(ManifestError, match="no stage 'other'; it has step"):
        open_backend(folder, 1).open("other")


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (BackendName.TENSORRT_RTX, "neither cuda-python nor pycuda is installed"),
        (BackendName.TENSORRT, r"pip install 'speechtrt\[gpu\]'"),
        (BackendName.ORT_CUDA, "needs ONNX Runtime with CUDAExecutionProvider"),
    ],
)
def test_engines_for_an_absent_backend_are_refused(
    folder: EngineFolder, backend: BackendName, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speechtrt.runtime.backends.cuda.find_spec", lambda name: None)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BackendError, match=words):
        open_backend(EngineFolder(folder.path, replace(folder.manifest, backend=backend)), None)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"builder": {"onnxruntime": "99.0.1"}}, "was built with ONNX Runtime 99.0.1"),
        ({"device": {"machine": "riscv128"}}, "was built on riscv128"),
    ],
)
def test_engines_from_elsewhere_are_refused(
    folder: EngineFolder, changes: dict[str, dict[str, str]], words: str
) -> None:
    manifest = replace(folder.manifest, **changes)  # type: ignore[arg-type]
    with pytest.raises(BackendError, match=words):
        open_backend(EngineFolder(folder.path, manifest), 1).open("step")


def test_engines_of_an_older_release_are_taken(folder: EngineFolder) -> None:
    manifest = replace(folder.manifest, builder={"onnxruntime": "1.2.0"})
    with open_backend(EngineFolder(folder.path, manifest), 1).open("step") as runner:
        assert runner.stage.name == "step"


def test_a_missing_onnxruntime_is_named(folder: EngineFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechtrt.runtime.backends.selection.find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"pip install 'speechtrt\[cpu\]'"):
        open_backend(folder, 1)


def test_no_threads_are_refused(folder: EngineFolder) -> None:
    with pytest.raises(BackendError, match="expected at least 1"):
        open_backend(folder, 0)

"""TensorRT engine sets at opening: whatever does not fit this machine is refused before a byte is deserialised."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from speechtrt.artifact import FileEntry, sha256_file
from speechtrt.engine_set import EngineFolder, EngineSet, EngineStage, NodePolicy, Status
from speechtrt.errors import BackendError, IntegrityError
from speechtrt.plan import HEADER, MAGIC
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.backends.cuda import Cuda
from speechtrt.runtime.backends.cuda_python import CudaPython
from speechtrt.runtime.backends.tensorrt import TensorRTBackend
from tests.runtime.backends.fake_device import CudaBindings, Device, Engine
from tests.runtime.backends.test_device_runner import STAGE, compute
from tests.runtime.fakes import ctc_bundle, ctc_stages

VERSION = (1, 7, 1, 116)
HERE = {"name": "Simulated GPU", "sm": "8.9", "driver": "580"}


class Library:
    """The TensorRT module: remembers whether anything was deserialised."""

    __version__ = "1.7.1.116"

    class Logger:
        """Its severity is all that is asked of it."""

        ERROR = 1

        def __init__(self, severity: int) -> None:
            self.severity = severity

    def __init__(self, engine: Engine | None) -> None:
        self.opened: list[bytes] = []
        self._engine = engine

    LayerInformationFormat = SimpleNamespace(JSON=1)

    def Runtime(self, logger: object) -> SimpleNamespace:
        def deserialise(data: bytes) -> Engine | None:
            self.opened.append(data)
            return self._engine

        return SimpleNamespace(deserialize_cuda_engine=deserialise)


def plan(version: tuple[int, ...] = VERSION) -> bytes:
    return HEADER.pack(MAGIC, 0, 2, HEADER.size + 8, *version) + bytes(8)


def engine_set(folder: Path, data: bytes) -> EngineFolder:
    path = folder / "step.engine"
    path.write_bytes(data)
    entry = FileEntry(path.name, sha256_file(path), len(data))
    manifest = EngineSet(
        name="tiny",
        bundle_sha256="",
        model=ctc_bundle(ctc_stages()),
        backend=BackendName.TENSORRT_RTX,
        requested=Precision.FP16,
        precision=Precision.FP16,
        status=Status.ACCEPTED,
        reason="",
        stages=(EngineStage(STAGE, entry, Precision.FP16, (), (), 0.0, ""),),
        gate=(),
        device={},
        builder={"tensorrt-rtx-cu13-bindings": "1.7.1.116", "tensorrt": "1.7.1.116"},
        files=(entry,),
    )
    return EngineFolder(folder, manifest)


def opened(monkeypatch: pytest.MonkeyPatch, device: Device, **told: Any) -> tuple[Library, Cuda]:
    library = Library(Engine(STAGE, compute, device, **told))
    monkeypatch.setattr("speechtrt.runtime.backends.tensorrt.import_module", lambda name: library)
    return library, CudaPython.open(CudaBindings(device))


def test_a_sound_engine_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, cuda = opened(monkeypatch, Device())
    backend = TensorRTBackend.over(engine_set(tmp_path, plan()), cuda)
    assert backend.name == "tensorrt-rtx-fp16"
    with backend.open("step") as runner:
        zeros = {t.name: np.zeros(t.resolve({"slots": 2}), t.dtype.value) for t in STAGE.inputs}
        assert runner.run(zeros)["total"].tolist() == [0, 0]
    assert len(library.opened) == 1


def test_an_engine_of_other_types_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, cuda = opened(monkeypatch, Device(), types={"total": "HALF"})
    with pytest.raises(BackendError, match="the engine has total as float16, its manifest as float32; build it again"):
        TensorRTBackend.over(engine_set(tmp_path, plan()), cuda).open("step")


def test_an_engine_that_forgot_its_precision_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensor = {"Format/Datatype": "Half"}
    _, cuda = opened(monkeypatch, Device(), layers=[{"Metadata": "[ONNX Layer: up]", "Inputs": [tensor]}])
    folder = engine_set(tmp_path, plan())
    stage = replace(folder.manifest.stages[0], policy=(NodePolicy("up", "MatMul", Precision.FP16, "", 64),))
    folder = EngineFolder(tmp_path, replace(folder.manifest, stages=(stage,)))
    TensorRTBackend.over(folder, cuda).open("step").close()
    tensor["Format/Datatype"] = "Float"
    with pytest.raises(BackendError, match=r"step\.engine: the engine computes 0 % of the weights"):
        TensorRTBackend.over(folder, cuda).open("step")


@pytest.mark.parametrize("data", [b"", b"\x08\x01onnx", plan()[:-1], plan()[:20]])
def test_a_file_that_is_no_whole_engine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    library, cuda = opened(monkeypatch, Device())
    with pytest.raises(IntegrityError, match="build the engine set again"):
        TensorRTBackend.over(engine_set(tmp_path, data), cuda).open("step")
    assert not library.opened


@pytest.mark.parametrize("place", [3, 25, -1])
def test_a_flipped_bit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: int) -> None:
    library, cuda = opened(monkeypatch, Device())
    folder = engine_set(tmp_path, plan())
    data = bytearray(plan())
    data[place] ^= 1
    (tmp_path / "step.engine").write_bytes(data)
    with pytest.raises(IntegrityError, match="its manifest expects"):
        TensorRTBackend.over(folder, cuda).open("step")
    assert not library.opened


def test_an_engine_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library, cuda = opened(monkeypatch, Device())
    with pytest.raises(BackendError, match=r"was written by version 1\.6\.0\.9, found 1\.7\.1\.116"):
        TensorRTBackend.over(engine_set(tmp_path, plan((1, 6, 0, 9))), cuda).open("step")
    assert not library.opened


def moved(folder: EngineFolder, device: dict[str, str], builder: dict[str, str]) -> EngineFolder:
    manifest = replace(folder.manifest, backend=BackendName.TENSORRT, device=device, builder=builder)
    return EngineFolder(folder.path, manifest)


SAME = {"tensorrt": "1.7.1.116"}


@pytest.mark.parametrize(
    ("device", "builder", "says"),
    [
        (HERE, {"tensorrt": "10.15.1"}, r"was built with tensorrt 10\.15\.1, found 1\.7\.1\.116"),
        (HERE, {}, "was built with tensorrt None"),
        (HERE | {"name": "Another GPU"}, SAME, r"was built on Another GPU \(compute 8\.9\), found Simulated GPU"),
        (HERE | {"sm": "9.0"}, SAME, r"compute 9\.0\), found Simulated GPU \(compute 8\.9\)"),
        ({}, SAME, r"was built on None \(compute None\), found Simulated GPU"),
    ],
)
def test_an_engine_for_another_machine_is_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    device: dict[str, str],
    builder: dict[str, str],
    says: str,
) -> None:
    _, cuda = opened(monkeypatch, Device())
    with pytest.raises(BackendError, match=says):
        TensorRTBackend.over(moved(engine_set(tmp_path, plan()), device, builder), cuda)


def test_an_engine_for_this_machine_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, cuda = opened(monkeypatch, Device())
    TensorRTBackend.over(moved(engine_set(tmp_path, plan()), HERE, SAME), cuda).open("step").close()


def test_what_tensorrt_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, cuda = opened(monkeypatch, Device())
    monkeypatch.setattr("speechtrt.runtime.backends.tensorrt.import_module", lambda name: Library(None))
    with pytest.raises(BackendError, match="refuses this engine on Simulated GPU"):
        TensorRTBackend.over(engine_set(tmp_path, plan()), cuda).open("step")


def test_an_absent_library_names_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Callable[[], None]:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr("speechtrt.runtime.backends.tensorrt.import_module", absent)
    with pytest.raises(BackendError, match="pip install tensorrt-rtx-cu13-bindings"):
        TensorRTBackend.over(engine_set(tmp_path, plan()), CudaPython.open(CudaBindings(Device())))

"""ONNX Runtime on a GPU: states stay on the device, and a graph of which a node would run on the CPU is refused."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import onnxruntime as ort

from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.runtime.backends.bucketed import BucketedPrograms
from speechtrt.runtime.backends.cuda import Cuda, Stream, open_cuda
from speechtrt.runtime.backends.device_runner import DeviceRunner
from speechtrt.runtime.backends.ort import ORT_ERRORS, check_versions, first_line
from speechtrt.specs import StageSpec, TensorSpec

PROVIDER = "CUDAExecutionProvider"


@dataclass(slots=True)
class OrtCudaProgram:
    """A session on the runner's stream, bound to addresses of the device."""

    stage: StageSpec
    _session: Any
    _binding: Any

    def place(self, tensor: TensorSpec, shape: tuple[int, ...], address: int) -> None:
        """See Program."""
        bind = self._binding.bind_input if tensor in self.stage.inputs else self._binding.bind_output
        bind(tensor.name, "cuda", 0, np.dtype(tensor.dtype.value).type, shape, address)

    def execute(self, stream: Stream) -> None:
        """See Program. The session was opened on `stream`, for which the runner waits itself."""
        options = ort.RunOptions()
        options.add_run_config_entry("disable_synchronize_execution_providers", "1")
        try:
            self._session.run_with_iobinding(self._binding, options)
        except ORT_ERRORS as error:
            raise self._failed(error) from error

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """See Program."""
        names = [t.name for t in self.stage.outputs]
        try:
            return dict(zip(names, self._session.run(names, dict(inputs)), strict=True))
        except ORT_ERRORS as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """See Program."""
        self._binding = self._session = None

    def _failed(self, error: Exception) -> BackendError:
        return BackendError(f"stage {self.stage.name} failed in ONNX Runtime on the GPU: {first_line(error)}")


@dataclass(frozen=True, slots=True)
class OrtCudaBackend:
    """Opens stages of an `ort-cuda` engine set on the first device. `graphs`: replay steps as CUDA graphs."""

    folder: EngineFolder
    cuda: Cuda
    graphs: bool = False

    @classmethod
    def over(cls, folder: EngineFolder) -> Self:
        """Raises BackendError when this ONNX Runtime has no CUDA provider, or no GPU answers."""
        if PROVIDER not in ort.get_available_providers():
            raise BackendError(
                f"{folder.path}: needs ONNX Runtime with {PROVIDER}, this one has "
                f"{', '.join(ort.get_available_providers())}: pip install 'speechtrt[gpu]' in place of onnxruntime"
            )
        check_versions(folder)
        return cls(folder, open_cuda())

    @property
    def name(self) -> str:
        """What runs, e.g. ort-cuda-fp16."""
        return self.folder.manifest.engine

    def open(self, stage: str) -> DeviceRunner:
        """The runner of a stage. Raises ManifestError, IntegrityError or BackendError."""
        built = self.folder.manifest.stage(stage)
        stream = self.cuda.stream()
        programs = BucketedPrograms(built, lambda file: self._load(built.spec, file, stream))
        programs.any_size()
        return DeviceRunner(built.spec, self.cuda, stream, self.graphs, programs)

    def _load(self, spec: StageSpec, file: str, stream: Stream) -> OrtCudaProgram:
        session = open_session(self.folder.file(file), stream)
        return OrtCudaProgram(spec, session, session.io_binding())


def open_session(path: Path, stream: Stream) -> Any:
    """A session whose every node has a CUDA kernel. Raises BackendError."""
    options = ort.SessionOptions()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    settings = {"user_compute_stream": str(stream.handle)}
    try:
        session = ort.InferenceSession(path, options, providers=[(PROVIDER, settings)])
    except ORT_ERRORS as error:
        raise BackendError(
            f"{path}: ONNX Runtime {ort.__version__} cannot place every node on the GPU ({first_line(error)}); "
            "upgrade onnxruntime-gpu, or build for ort-cpu"
        ) from error
    if session.get_providers()[0] != PROVIDER:
        raise BackendError(f"{path}: ONNX Runtime fell back to {session.get_providers()[0]}; see `speechtrt doctor`")
    return session

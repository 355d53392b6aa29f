"""TensorRT and TensorRT-RTX: engines that were built for this device, driven through DeviceRunner."""

from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import numpy as np

from speechtrt.closing import Closing
from speechtrt.engine_set import EngineFolder, EngineStage
from speechtrt.engine_types import find_disagreement
from speechtrt.errors import BackendError
from speechtrt.plan import read_plan
from speechtrt.precision import BackendName
from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.runtime.backends.bucketed import BucketedPrograms
from speechtrt.runtime.backends.cuda import Cuda, DeviceBuffer, PinnedBuffer, Stream
from speechtrt.runtime.backends.device_runner import DeviceRunner
from speechtrt.specs import StageSpec, TensorSpec

MODULES = {BackendName.TENSORRT: "tensorrt", BackendName.TENSORRT_RTX: "tensorrt_rtx_bindings"}
PACKAGES = {BackendName.TENSORRT: "tensorrt", BackendName.TENSORRT_RTX: "tensorrt-rtx-cu13-bindings"}


@dataclass(slots=True)
class TensorRTProgram:
    """An execution context. Its engine must outlive it."""

    stage: StageSpec
    cuda: Cuda
    stream: Stream
    _engine: Any
    _context: Any

    @classmethod
    def over(cls, stage: StageSpec, cuda: Cuda, stream: Stream, engine: Any) -> Self:
        """Raises BackendError when the engine's tensors are not the stage's."""
        names = {engine.get_tensor_name(i) for i in range(engine.num_io_tensors)}
        wanted = {t.name for t in (*stage.inputs, *stage.outputs)}
        if names != wanted:
            odd = ", ".join(sorted(names ^ wanted))
            raise BackendError(f"stage {stage.name}: engine and manifest differ in {odd}; build the engine set again")
        return cls(stage, cuda, stream, engine, engine.create_execution_context())

    def place(self, tensor: TensorSpec, shape: tuple[int, ...], address: int) -> None:
        """See Program."""
        if tensor in self.stage.inputs and not self._context.set_input_shape(tensor.name, shape):
            raise BackendError(
                f"stage {self.stage.name}: the engine does not take {tensor.name} of shape {list(shape)}; "
                "build it with profiles that hold it"
            )
        if not self._context.set_tensor_address(tensor.name, address):
            raise BackendError(f"stage {self.stage.name}: the engine has no place for {tensor.name}; build it again")

    def execute(self, stream: Stream) -> None:
        """See Program."""
        if not self._context.execute_async_v3(stream.handle):
            raise BackendError(f"stage {self.stage.name} failed in TensorRT; its messages are on stderr")

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """See Program."""
        with _Pass(self.cuda) as memory:
            for spec in self.stage.inputs:
                value = np.ascontiguousarray(inputs[spec.name])
                self.place(spec, value.shape, memory.send(value, self.stream))
            results: dict[str, Array] = {}
            addresses: dict[str, int] = {}
            for spec in self.stage.outputs:
                shape = tuple(self._context.get_tensor_shape(spec.name))
                buffer, results[spec.name] = memory.receive(shape, spec.dtype.value)
                addresses[spec.name] = buffer.address
                self.place(spec, shape, buffer.address)
            self.execute(self.stream)
            for name, value in results.items():
                self.cuda.download(value.reshape(-1).view(np.uint8), addresses[name], self.stream)
            self.stream.synchronize()
            return {name: value.copy() for name, value in results.items()}

    def close(self) -> None:
        """See Program."""
        self._context = self._engine = None


@dataclass(slots=True)
class _Pass(Closing):
    """Memory of one `run`."""

    cuda: Cuda
    held: list[DeviceBuffer | PinnedBuffer] = field(default_factory=list)

    def close(self) -> None:
        for memory in self.held:
            memory.close()

    def send(self, value: Array, stream: Stream) -> int:
        """Queue the upload of `value`; its address on the device."""
        staged, buffer = self._both(value.nbytes)
        staged.array[: value.nbytes] = value.view(np.uint8).reshape(-1)
        self.cuda.upload(buffer.address, staged.array[: value.nbytes], stream)
        return buffer.address

    def receive(self, shape: tuple[int, ...], dtype: str) -> tuple[DeviceBuffer, Array]:
        """Device memory for a result, and a pinned array that can take it."""
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        staged, buffer = self._both(size)
        return buffer, staged.array[:size].view(dtype).reshape(shape)

    def _both(self, size: int) -> tuple[PinnedBuffer, DeviceBuffer]:
        staged = self.cuda.pinned(max(size, 1))
        self.held.append(staged)
        buffer = self.cuda.buffer(max(size, 1))
        self.held.append(buffer)
        return staged, buffer


@dataclass(frozen=True, slots=True)
class TensorRTBackend:
    """Opens stages of a `tensorrt` or `tensorrt-rtx` engine set on one device."""

    folder: EngineFolder
    cuda: Cuda
    module: Any

    @classmethod
    def over(cls, folder: EngineFolder, cuda: Cuda) -> Self:
        """Load the TensorRT that the set was built for. Raises BackendError when it is another, or absent."""
        name = folder.manifest.backend
        try:
            module = import_module(MODULES[name])
        except (ImportError, OSError) as error:
            raise BackendError(
                f"{folder.path}: needs {name}, which cannot be loaded ({error}): pip install {PACKAGES[name]}"
            ) from error
        check_machine(folder, module.__version__, cuda)
        return cls(folder, cuda, module)

    @property
    def name(self) -> str:
        """What runs, e.g. tensorrt-fp16."""
        return self.folder.manifest.engine

    def open(self, stage: str) -> DeviceRunner:
        """The runner of a stage. Raises ManifestError, IntegrityError or BackendError before a byte is deserialised."""
        built = self.folder.manifest.stage(stage)
        stream = self.cuda.stream()
        programs = BucketedPrograms(built, lambda file: self._load(built, file, stream))
        for file in (built.file, *(bucket.file for bucket in built.buckets)):
            self._check(file.path)
        programs.any_size()
        return DeviceRunner(built.spec, self.cuda, stream, True, programs)

    def _load(self, built: EngineStage, file: str, stream: Stream) -> TensorRTProgram:
        path = self._check(file)
        logger = self.module.Logger(self.module.Logger.ERROR)
        engine = self.module.Runtime(logger).deserialize_cuda_engine(path.read_bytes())
        if engine is None:
            raise BackendError(f"{path}: TensorRT refuses this engine on {self.cuda.device}; build it again here")
        program = TensorRTProgram.over(built.spec, self.cuda, stream, engine)
        if said := find_disagreement(self.module, engine, built):
            raise BackendError(f"{path}: {said}; build it again")
        return program

    def _check(self, file: str) -> Path:
        """Hash, size and version of an engine file."""
        path = self.folder.file(file)
        if self.folder.manifest.backend is BackendName.TENSORRT_RTX:
            version = read_plan(path).version
            if version != self.module.__version__:
                raise BackendError(
                    f"{path}: was written by version {version}, found {self.module.__version__}; build it again"
                )
        return path


def check_machine(folder: EngineFolder, version: str, cuda: Cuda) -> None:
    """A plan runs on the version that wrote it, and one that measured its tactics on that kind of GPU only."""
    manifest = folder.manifest
    built = manifest.builder.get(PACKAGES[manifest.backend])
    if built != version:
        raise BackendError(
            f"{folder.path}: was built with {manifest.backend} {built}, found {version}; build it again or install that"
        )
    device, capability = manifest.device.get("name"), manifest.device.get("sm")
    if manifest.backend is BackendName.TENSORRT and (device, capability) != (cuda.device, cuda.capability):
        raise BackendError(
            f"{folder.path}: was built on {device} (compute {capability}), found {cuda.device} "
            f"(compute {cuda.capability}); build it again here"
        )

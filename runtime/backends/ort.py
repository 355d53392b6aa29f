"""ONNX Runtime on the CPU: stages step in place over preallocated arrays."""

import platform
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime as ort

from speechtrt.closing import Closing
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.runtime.backends.heap import return_free_memory
from speechtrt.specs import StageSpec, TensorSpec

PROVIDERS = ["CPUExecutionProvider"]


def _errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises: one type per status code, each derived from Exception only."""
    state = vars(ort.capi.onnxruntime_pybind11_state).values()
    return (RuntimeError, ValueError, *(e for e in state if isinstance(e, type) and issubclass(e, Exception)))


ORT_ERRORS = _errors()
MOST_BINDINGS = 512


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an array [slots, ...] lies. Ranges of its rows are bound often; to ask numpy each time takes as long."""

    name: str
    array: Array  # the address is good as long as it lives
    dtype: type
    shape: tuple[int, ...]  # of a row
    address: int
    stride: int

    @classmethod
    def of(cls, name: str, array: Array) -> "_Place":
        return cls(name, array, array.dtype.type, array.shape[1:], array.ctypes.data, array.strides[0])

    def rows(self, count: int, first: int) -> tuple[str, str, int, type, tuple[int, ...], int]:
        """What ONNX Runtime wants to know of `count` rows from `first` on."""
        return self.name, "cpu", 0, self.dtype, (count, *self.shape), self.address + first * self.stride


@dataclass(slots=True)
class OrtRunner(Closing):
    """A stage in an ONNX Runtime session. Bindings are kept per range of rows, so that a step allocates nothing."""

    stage: StageSpec
    _session: ort.InferenceSession | None
    _inputs: tuple[_Place, ...] = ()
    _outputs: tuple[_Place, ...] = ()
    _bindings: dict[tuple[int, int], ort.IOBinding] = field(default_factory=dict)  # by first row and number of rows

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """One pass over arrays of any shape. Raises BackendError."""
        names = [t.name for t in self.stage.outputs]
        try:
            return dict(zip(names, self._open_session().run(names, dict(inputs)), strict=True))
        except ORT_ERRORS as error:
            raise self._failed(error) from error

    def bind(self, tensors: Tensors) -> None:
        """Step over these arrays [slots, ...] from now on."""
        for spec in (*self.stage.inputs, *self.stage.outputs):
            _check(self.stage.name, spec, tensors[spec.name])
        self._inputs = tuple(_Place.of(spec.name, tensors[spec.name]) for spec in self.stage.inputs)
        self._outputs = tuple(_Place.of(spec.name, tensors[spec.name]) for spec in self.stage.outputs)
        self._bindings = {}

    def unbind(self) -> None:
        """Forget the bound arrays."""
        self._bindings, self._inputs, self._outputs = {}, (), ()

    def step(self, rows: int, first: int = 0) -> None:
        """One pass over `rows` rows, from row `first` on. Raises BackendError."""
        binding = self._bindings.get((first, rows)) or self._bind_rows(rows, first)
        try:
            self._open_session().run_with_iobinding(binding)
        except ORT_ERRORS as error:
            raise self._failed(error) from error

    def push(self, rows: slice) -> None:
        """Nothing to do: the stage reads the bound arrays themselves."""

    def pull(self, rows: slice) -> None:
        """Nothing to do: the stage writes the bound arrays themselves."""

    def close(self) -> None:
        """Free the session and forget the bound arrays."""
        self.unbind()
        self._session = None

    def _bind_rows(self, rows: int, first: int) -> ort.IOBinding:
        binding = self._open_session().io_binding()
        for place in self._inputs:
            binding.bind_input(*place.rows(rows, first))
        for place in self._outputs:
            binding.bind_output(*place.rows(rows, first))
        if len(self._bindings) >= MOST_BINDINGS:
            del self._bindings[next(iter(self._bindings))]
        self._bindings[first, rows] = binding
        return binding

    def _open_session(self) -> ort.InferenceSession:
        if self._session is None:
            raise BackendError(f"stage {self.stage.name} is closed; open it again")
        return self._session

    def _failed(self, error: Exception) -> BackendError:
        return BackendError(f"stage {self.stage.name} failed in ONNX Runtime: {first_line(error)}")


@dataclass(frozen=True, slots=True)
class OrtBackend:
    """Opens stages of an `ort-cpu` engine set; `threads` work inside each stage.

    Every runner has a session of its own: threads that run a shared one wait for each other at its memory's lock for
    more time than a second copy of the weights is worth.
    """

    folder: EngineFolder
    threads: int

    @property
    def name(self) -> str:
        """What runs, e.g. ort-cpu-int8."""
        return self.folder.manifest.engine

    def open(self, stage: str) -> OrtRunner:
        """The runner of a stage. Raises ManifestError, IntegrityError or BackendError."""
        check_versions(self.folder)
        built = self.folder.manifest.stage(stage)
        return OrtRunner(built.spec, _session(self.folder.file(built.file.path), self.threads))


def check_versions(folder: EngineFolder) -> None:
    """The gate's verdict holds for the kind of machine and for the release it was reached with, or a newer release."""
    built, machine = folder.manifest.builder.get("onnxruntime"), folder.manifest.device.get("machine")
    if built is not None and _release(built) > _release(ort.__version__):
        raise BackendError(
            f"{folder.path}: was built with ONNX Runtime {built}, found {ort.__version__}; upgrade it or build again"
        )
    if machine is not None and machine != platform.machine():
        raise BackendError(f"{folder.path}: was built on {machine}, found {platform.machine()}; build it again here")


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _session(path: Path, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = (
        False  # planned for each new shape, it kept half as much memory again and saved no time
    )
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 2  # a cache that is copied and not written in place is a warning
    try:
        session = ort.InferenceSession(path, options, providers=PROVIDERS)
    except ORT_ERRORS as error:
        raise BackendError(
            f"{path}: ONNX Runtime {ort.__version__} cannot load it ({first_line(error)}); build it again"
        ) from error
    return_free_memory()
    return session


def first_line(error: Exception) -> str:
    """What ONNX Runtime says before its stack."""
    return (str(error).splitlines() or [repr(error)])[0]


def _check(stage: str, spec: TensorSpec, array: Array) -> None:
    """A wrong pointer would be read as if it were right, so what is bound is checked once."""
    if array.dtype != np.dtype(spec.dtype.value) or array.ndim != len(spec.shape) or not array.flags.c_contiguous:
        raise BackendError(
            f"stage {stage} cannot bind {spec.name}: found {array.dtype} {array.shape}, expected contiguous "
            f"{spec.dtype.value} {spec.shape}"
        )

"""ONNX Runtime sessions as the gate and the calibration use them: one thread, quiet, states updated in place."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from speechtrt.errors import BackendError, BuildError
from speechtrt.specs import StateKind, StateSpec

Array = np.ndarray
Feeds = dict[str, Array]
IN_PLACE = (StateKind.KV_CACHE, StateKind.RING_CACHE)


def onnxruntime() -> Any:
    """The module, or a BackendError that says what to install."""
    try:
        import onnxruntime as module
    except ImportError as error:
        raise BackendError(
            "onnxruntime is not installed; building and validating needs it: pip install 'speechtrt[export]'"
        ) from error
    return module


def session_options(threads: int = 1) -> Any:
    """Quiet options that do not spin, so that timings hold on a shared machine."""
    options = onnxruntime().SessionOptions()
    options.log_severity_level = 4  # what matters is raised
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def open_session(model: bytes | Path, options: Any = None) -> Any:
    """A CPU session of a serialised model or file. Raises BuildError when ONNX Runtime refuses it."""
    source = model if isinstance(model, bytes) else str(model)
    try:
        return onnxruntime().InferenceSession(source, options or session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:
        what = "the graph" if isinstance(model, bytes) else str(model)
        raise BuildError(f"ONNX Runtime cannot open {what}: {first_line(error)}; build it again") from error


def first_line(error: Exception) -> str:
    """The first line of a message, at most 300 characters of it."""
    return str(error).strip().split("\n", 1)[0][:300]


class StageSession:
    """One stage with its states held between runs, bound in place as a server binds them."""

    def __init__(self, model: bytes | Path, states: Iterable[StateSpec]) -> None:
        self._session = open_session(model)
        self._states = {s.input: s for s in states if s.output is not None}
        self._held: dict[str, Any] = {}
        self._fed: Feeds = {}
        self._types = {i.name: i.type for i in self._session.get_inputs()}
        self._replies = [o.name for o in self._session.get_outputs()]
        self.outputs = [n for n in self._replies if n not in {s.output for s in self._states.values()}]
        self._binding = self._session.io_binding()

    def __enter__(self) -> "StageSession":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._binding = self._session = None
        self._held, self._fed = {}, {}

    @property
    def inputs(self) -> list[str]:
        """Names of the graph's inputs."""
        return list(self._types)

    def reset(self, states: Mapping[str, Array]) -> None:
        """Take copies of `states` as the memory that runs read and write."""
        ort = onnxruntime()
        self._held = {
            name: ort.OrtValue.ortvalue_from_numpy(self._cast(name, np.array(value)))
            for name, value in states.items()
            if name in self._states
        }

    def bind(self, feeds: Mapping[str, Array]) -> None:
        """Bind inputs and outputs for the next run."""
        binding = self._binding
        binding.clear_binding_inputs()
        binding.clear_binding_outputs()
        self._fed = {n: self._cast(n, v) for n, v in feeds.items() if n in self._types and n not in self._held}
        for name, value in self._fed.items():
            binding.bind_cpu_input(name, value)
        in_place = {}
        for name, value in self._held.items():
            binding.bind_ortvalue_input(name, value)
            state = self._states[name]
            if state.kind in IN_PLACE:
                in_place[state.output] = value
        for name in self._replies:
            if name in in_place:
                binding.bind_ortvalue_output(name, in_place[name])
            else:
                binding.bind_output(name)

    def execute(self) -> None:
        """Run what is bound; nothing else, so that it can be timed."""
        try:
            self._session.run_with_iobinding(self._binding)
        except RuntimeError as error:
            raise BuildError(f"ONNX Runtime cannot run the graph on recorded inputs: {first_line(error)}") from error

    def step(self, feeds: Mapping[str, Array]) -> Feeds:
        """Run once; states move on, the other outputs come back as float32 or integers."""
        self.bind(feeds)
        self.execute()
        values = dict(zip(self._replies, self._binding.get_outputs(), strict=True))
        for name, state in self._states.items():
            if name in self._held and state.kind not in IN_PLACE:
                self._held[name] = values[str(state.output)]
        return {name: _widen(values[name].numpy()) for name in self.outputs}

    def state(self, name: str) -> Array:
        """A copy of a held state, by input name."""
        return _widen(np.array(self._held[name].numpy()))

    def _cast(self, name: str, value: Array) -> Array:
        wanted = np.float16 if self._types[name] == "tensor(float16)" else value.dtype
        return np.asarray(value, dtype=wanted, order="C")


def _widen(value: Array) -> Array:
    return value.astype(np.float32) if value.dtype == np.float16 else value

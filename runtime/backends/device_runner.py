"""A stage on a device: states stay there, a step is one CUDA graph where that works, and the host waits once."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Protocol

from speechtrt.closing import Closing
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.runtime.backends.cuda import Cuda, Graph, Stream
from speechtrt.runtime.backends.device_state import DeviceState
from speechtrt.specs import StageSpec, TensorSpec

MOST_GRAPHS = 64


class Program(Protocol):
    """An engine that computes on a stream, from and to addresses of the device."""

    def place(self, tensor: TensorSpec, shape: tuple[int, ...], address: int) -> None:
        """Where a tensor of the next passes lies, and its shape. Raises BackendError."""

    def execute(self, stream: Stream) -> None:
        """Queue one pass. Raises BackendError."""

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """One pass over host arrays of any shape, and wait. Raises BackendError."""

    def close(self) -> None:
        """Free the engine."""


class Programs(Protocol):
    """The engines of one stage; most stages have one."""

    def fitting(self, tensors: Tensors) -> Program:
        """The engine for bound arrays of these shapes. Raises BackendError when there is none."""

    def any_size(self) -> Program:
        """The engine for arrays of any shape."""

    def close(self) -> None:
        """Free them."""


@dataclass(slots=True)
class DeviceRunner(Closing):
    """A program with its tensors. `captures`: whether its passes may be part of a CUDA graph."""

    stage: StageSpec
    cuda: Cuda
    stream: Stream
    captures: bool
    _programs: Programs | None
    _program: Program | None = None
    _state: DeviceState | None = None
    _graphs: "OrderedDict[tuple[int, int], Graph]" = field(default_factory=OrderedDict)

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """One pass over arrays of any shape. Raises BackendError."""
        return self._open().any_size().run(inputs)

    def bind(self, tensors: Tensors) -> None:
        """Step over these arrays [slots, ...] from now on; their states are copied to the device."""
        self.unbind()
        self._program = self._open().fitting(tensors)
        self._state = DeviceState.mirror(self.stage, self.cuda, self.stream, tensors)

    def unbind(self) -> None:
        """Forget the bound arrays and free their states on the device."""
        for graph in self._graphs.values():
            graph.close()
        self._graphs.clear()
        if self._state is not None:
            self._state.close()
        self._state = self._program = None

    def push(self, rows: slice) -> None:
        """Take the states of these rows from the bound arrays."""
        self._bound()[0].push(rows)

    def pull(self, rows: slice) -> None:
        """Bring the states of these rows into the bound arrays."""
        self._bound()[0].pull(rows)

    def step(self, rows: int, first: int = 0) -> None:
        """One pass over `rows` rows, from row `first` on. Raises BackendError."""
        (state, _), stepped = self._bound(), slice(first, first + rows)
        for mirror in state.fed:
            mirror.fill(stepped)
        self._launch(stepped)
        self.stream.synchronize()
        for mirror in state.read:
            mirror.empty(stepped)

    def close(self) -> None:
        """Free device memory and engine; it may be closed twice."""
        self.unbind()
        if self._programs is not None:
            self._programs.close()
        self._programs = None

    def _launch(self, rows: slice) -> None:
        """The first pass over some rows runs as it is, because an engine may allocate then; later ones are replayed."""
        key = (rows.start, rows.stop)
        if key in self._graphs:
            self._graphs[key].launch(self.stream)
            return
        self._place(rows)
        self._queue(rows)
        if self.captures and self.cuda.captures:
            self.stream.synchronize()
            if len(self._graphs) >= MOST_GRAPHS:
                self._graphs.popitem(last=False)[1].close()
            self._graphs[key] = self.cuda.capture(self.stream, lambda: self._queue(rows))

    def _queue(self, rows: slice) -> None:
        state, program = self._bound()
        for mirror in state.fed:
            self.cuda.upload(mirror.address(rows.start), mirror.staged(rows), self.stream)
        program.execute(self.stream)
        state.settle(rows)
        for mirror in state.read:
            self.cuda.download(mirror.staged(rows), mirror.address(rows.start), self.stream)

    def _place(self, rows: slice) -> None:
        state, program = self._bound()
        for spec in (*self.stage.inputs, *self.stage.outputs):
            mirror = state.mirrors[spec.name]
            program.place(spec, (rows.stop - rows.start, *mirror.host.shape[1:]), mirror.address(rows.start))

    def _open(self) -> Programs:
        if self._programs is None:
            raise BackendError(f"stage {self.stage.name} is closed; open it again")
        return self._programs

    def _bound(self) -> tuple[DeviceState, Program]:
        self._open()
        if self._state is None or self._program is None:
            raise BackendError(f"stage {self.stage.name} has no arrays bound; bind them before a step")
        return self._state, self._program

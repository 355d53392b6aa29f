"""The arrays a stage is bound to, mirrored on the device: states live there, the rest crosses through pinned memory."""

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field

import numpy as np

from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.runtime.backends.cuda import Cuda, DeviceBuffer, PinnedBuffer, Stream
from speechtrt.specs import StageSpec, StateKind

IN_PLACE = (StateKind.KV_CACHE, StateKind.RING_CACHE)


@dataclass(frozen=True, slots=True)
class Mirror:
    """A bound array [slots, ...], its device memory and a pinned copy of the same size."""

    host: Array
    pinned: PinnedBuffer
    buffer: DeviceBuffer

    @property
    def row_bytes(self) -> int:
        """Of one slot."""
        return self.host.nbytes // len(self.host)

    def address(self, first: int) -> int:
        """Of row `first` on the device."""
        return self.buffer.address + first * self.row_bytes

    def staged(self, rows: slice) -> Array:
        """The pinned bytes of rows."""
        return self.pinned.array[rows.start * self.row_bytes : rows.stop * self.row_bytes]

    def fill(self, rows: slice) -> None:
        """Bring rows of the bound array into pinned memory."""
        self.staged(rows)[:] = np.ascontiguousarray(self.host[rows]).view(np.uint8).reshape(-1)

    def empty(self, rows: slice) -> None:
        """Bring pinned rows into the bound array."""
        self.host[rows] = self.staged(rows).view(self.host.dtype).reshape(self.host[rows].shape)


@dataclass(slots=True)
class DeviceState:
    """All tensors of a stage. Arrays that are one on the host are one on the device: updated in place."""

    stage: StageSpec
    cuda: Cuda
    stream: Stream
    mirrors: dict[str, Mirror]
    _closing: ExitStack = field(default_factory=ExitStack)

    @classmethod
    def mirror(cls, stage: StageSpec, cuda: Cuda, stream: Stream, tensors: Tensors) -> "DeviceState":
        """Allocate, and upload every state."""
        with ExitStack() as closing:
            made: dict[int, Mirror] = {}
            for spec in (*stage.inputs, *stage.outputs):
                array = tensors[spec.name]
                if id(array) not in made:
                    pinned, buffer = cuda.pinned(array.nbytes), cuda.buffer(array.nbytes)
                    closing.callback(pinned.close)
                    closing.callback(buffer.close)
                    made[id(array)] = Mirror(array, pinned, buffer)
            mirrors = {spec.name: made[id(tensors[spec.name])] for spec in (*stage.inputs, *stage.outputs)}
            state = cls(stage, cuda, stream, mirrors, closing.pop_all())
        state.push(slice(0, len(next(iter(tensors.values())))))
        return state

    @property
    def fed(self) -> list[Mirror]:
        """What the host gives every step."""
        states = {state.input for state in self.stage.states}
        return [self.mirrors[t.name] for t in self.stage.inputs if t.name not in states]

    @property
    def read(self) -> list[Mirror]:
        """What the host takes every step."""
        states = {state.output for state in self.stage.states}
        return [self.mirrors[t.name] for t in self.stage.outputs if t.name not in states]

    def push(self, rows: slice) -> None:
        """Rows of the states were changed by the host."""
        self._states(rows, [self.mirrors[state.input] for state in self.stage.states], upload=True)

    def pull(self, rows: slice) -> None:
        """Rows of the states are about to be read by the host."""
        moving = [self.mirrors[state.input] for state in self.stage.states if state.output is not None]
        self._states(rows, moving, upload=False)

    def settle(self, rows: slice) -> None:
        """Queue: what a step wrote beside its states becomes their content."""
        for state in self.stage.states:
            if state.output is not None and state.kind not in IN_PLACE:
                source, target = self.mirrors[state.output], self.mirrors[state.input]
                size = (rows.stop - rows.start) * target.row_bytes
                self.cuda.copy(target.address(rows.start), source.address(rows.start), size, self.stream)

    def close(self) -> None:
        """Free everything, after the work in flight."""
        self.stream.synchronize()
        self._closing.close()

    def _states(self, rows: slice, mirrors: Iterable[Mirror], *, upload: bool) -> None:
        chosen = list({id(mirror): mirror for mirror in mirrors}.values())
        for mirror in chosen:
            if upload:
                mirror.fill(rows)
                self.cuda.upload(mirror.address(rows.start), mirror.staged(rows), self.stream)
            else:
                self.cuda.download(mirror.staged(rows), mirror.address(rows.start), self.stream)
        self.stream.synchronize()
        for mirror in chosen if not upload else ():
            mirror.empty(rows)

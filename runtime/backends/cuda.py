"""What the runtime needs of CUDA, behind one small interface with two implementations: cuda-python and pycuda.

Everything that is queued on a stream happens in order and later; `synchronize` waits for it.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Protocol

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array


class Stream(Protocol):
    """A queue of work on the device."""

    @property
    def handle(self) -> int:
        """The driver's own handle, for libraries that queue work themselves."""

    def synchronize(self) -> None:
        """Wait until everything queued so far is done."""


class Event(Protocol):
    """A point in a stream's work."""

    def record(self, stream: Stream) -> None:
        """Mark what is queued on `stream` so far."""

    def synchronize(self) -> None:
        """Wait until what was marked is done."""


class PinnedBuffer(Protocol):
    """Host memory that the device copies from and to without the processor."""

    @property
    def array(self) -> Array:
        """The memory as uint8 [bytes]."""

    def close(self) -> None:
        """Free it."""


class DeviceBuffer(Protocol):
    """Memory of the device."""

    @property
    def address(self) -> int:
        """Of its first byte."""

    @property
    def size(self) -> int:
        """In bytes."""

    def close(self) -> None:
        """Free it."""


class Graph(Protocol):
    """Captured work, queued again by one call."""

    def launch(self, stream: Stream) -> None:
        """Queue it."""

    def close(self) -> None:
        """Free it."""


class Cuda(Protocol):
    """One device. Every call raises BackendError when the driver reports an error."""

    @property
    def device(self) -> str:
        """The device's name."""

    @property
    def capability(self) -> str:
        """Its compute capability, e.g. 8.9."""

    @property
    def captures(self) -> bool:
        """Whether `capture` works."""

    def stream(self) -> Stream:
        """A new stream."""

    def event(self) -> Event:
        """A new event."""

    def pinned(self, size: int) -> PinnedBuffer:
        """`size` bytes of host memory."""

    def buffer(self, size: int) -> DeviceBuffer:
        """`size` bytes of device memory, zeroed."""

    def upload(self, target: int, source: Array, stream: Stream) -> None:
        """Queue a copy of pinned bytes to the device address `target`."""

    def download(self, target: Array, source: int, stream: Stream) -> None:
        """Queue a copy from the device address `source` into pinned bytes."""

    def copy(self, target: int, source: int, size: int, stream: Stream) -> None:
        """Queue a copy between two device addresses."""

    def capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        """What `work` queues on `stream`, as a graph; nothing of it happens yet."""


def load_driver(name: str) -> Any:
    """A module that binds the driver. Raises BackendError where there is no driver to bind."""
    try:
        return import_module(name)
    except (ImportError, OSError, RuntimeError) as error:
        raise BackendError(
            f"CUDA: {name} cannot be loaded ({error}); install NVIDIA's driver, see `speechtrt doctor`"
        ) from error


def open_cuda() -> Cuda:
    """The first implementation that is installed. Raises BackendError when there is none, or no GPU answers."""
    if find_spec("cuda") is not None and find_spec("cuda.bindings") is not None:
        from speechtrt.runtime.backends.cuda_python import CudaPython

        return CudaPython.open()
    if find_spec("pycuda") is not None:
        from speechtrt.runtime.backends.pycuda import PyCuda

        return PyCuda.open()
    raise BackendError(
        "neither cuda-python nor pycuda is installed; engines for a GPU need: pip install 'speechtrt[gpu]'"
    )

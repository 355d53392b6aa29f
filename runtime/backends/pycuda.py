"""CUDA through pycuda, for machines that have it already. It captures no graphs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.backends.cuda import DeviceBuffer, Event, Graph, PinnedBuffer, Stream, load_driver


@dataclass(frozen=True, slots=True)
class _Stream:
    raw: Any

    @property
    def handle(self) -> int:
        return int(self.raw.handle)

    def synchronize(self) -> None:
        self.raw.synchronize()


@dataclass(frozen=True, slots=True)
class _Event:
    raw: Any

    def record(self, stream: Stream) -> None:
        self.raw.record(_raw(stream))

    def synchronize(self) -> None:
        self.raw.synchronize()


@dataclass(slots=True)
class _Pinned:
    array: Array

    def close(self) -> None:
        """Freed with its last reader."""
        self.array = np.empty(0, np.uint8)


@dataclass(slots=True)
class _Buffer:
    raw: Any
    size: int

    @property
    def address(self) -> int:
        return int(self.raw) if self.raw is not None else 0

    def close(self) -> None:
        if self.raw is not None:
            self.raw.free()
            self.raw = None


@dataclass(frozen=True, slots=True)
class PyCuda:
    """The first device, with its primary context current on the opening thread."""

    module: Any
    device: str
    capability: str
    captures: bool = False

    @classmethod
    def open(cls, module: Any = None) -> Self:
        """Raises BackendError when no device answers."""
        driver = module or load_driver("pycuda.driver")
        try:
            driver.init()
            device = driver.Device(0)
            device.retain_primary_context().push()
        except driver.Error as error:
            raise BackendError(
                f"CUDA: pycuda finds no device ({error}); see `speechtrt doctor` and nvidia-smi"
            ) from error
        return cls(driver, device.name(), ".".join(map(str, device.compute_capability())))

    def stream(self) -> Stream:
        """See Cuda."""
        return _Stream(self.module.Stream())

    def event(self) -> Event:
        """See Cuda."""
        return _Event(self.module.Event())

    def pinned(self, size: int) -> PinnedBuffer:
        """See Cuda."""
        return _Pinned(self.module.pagelocked_zeros(size, np.uint8))

    def buffer(self, size: int) -> DeviceBuffer:
        """See Cuda."""
        raw = self.module.mem_alloc(size)
        self.module.memset_d8(raw, 0, size)
        return _Buffer(raw, size)

    def upload(self, target: int, source: Array, stream: Stream) -> None:
        """See Cuda."""
        self.module.memcpy_htod_async(target, source, _raw(stream))

    def download(self, target: Array, source: int, stream: Stream) -> None:
        """See Cuda."""
        self.module.memcpy_dtoh_async(target, source, _raw(stream))

    def copy(self, target: int, source: int, size: int, stream: Stream) -> None:
        """See Cuda."""
        self.module.memcpy_dtod_async(target, source, size, _raw(stream))

    def capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        """See Cuda."""
        raise BackendError("pycuda captures no CUDA graphs; pip install cuda-python for them")


def _raw(stream: Stream) -> Any:
    assert isinstance(stream, _Stream)
    return stream.raw

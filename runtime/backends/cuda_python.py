"""CUDA through cuda-python: NVIDIA's own bindings of the driver."""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.backends.cuda import DeviceBuffer, Event, Graph, PinnedBuffer, Stream, load_driver


@dataclass(frozen=True, slots=True)
class Driver:
    """`cuda.bindings.driver`, whose functions return an error before their results."""

    module: Any

    def call(self, name: str, *arguments: object) -> Any:
        """The result of a driver function, or None. Raises BackendError."""
        try:
            code, *results = getattr(self.module, name)(*arguments)
        except RuntimeError as error:  # the bindings look for the driver when they first need it
            raise BackendError(f"CUDA: {name} finds no driver ({error}); see `speechtrt doctor`") from error
        if int(code) != 0:
            raise BackendError(f"CUDA: {name} failed with {code}; see `speechtrt doctor` and nvidia-smi")
        return results[0] if results else None


@dataclass(frozen=True, slots=True)
class _Stream:
    driver: Driver
    raw: Any

    @property
    def handle(self) -> int:
        return int(self.raw)

    def synchronize(self) -> None:
        self.driver.call("cuStreamSynchronize", self.raw)


@dataclass(frozen=True, slots=True)
class _Event:
    driver: Driver
    raw: Any

    def record(self, stream: Stream) -> None:
        self.driver.call("cuEventRecord", self.raw, stream.handle)

    def synchronize(self) -> None:
        self.driver.call("cuEventSynchronize", self.raw)


@dataclass(slots=True)
class _Pinned:
    driver: Driver
    address: int
    array: Array

    def close(self) -> None:
        if self.address:
            self.driver.call("cuMemFreeHost", self.address)
            self.address, self.array = 0, np.empty(0, np.uint8)


@dataclass(slots=True)
class _Buffer:
    driver: Driver
    address: int
    size: int

    def close(self) -> None:
        if self.address:
            self.driver.call("cuMemFree", self.address)
            self.address = 0


@dataclass(slots=True)
class _Graph:
    driver: Driver
    raw: Any

    def launch(self, stream: Stream) -> None:
        self.driver.call("cuGraphLaunch", self.raw, stream.handle)

    def close(self) -> None:
        if self.raw is not None:
            self.driver.call("cuGraphExecDestroy", self.raw)
            self.raw = None


@dataclass(frozen=True, slots=True)
class CudaPython:
    """The first device, with its primary context current on the opening thread."""

    driver: Driver
    device: str
    capability: str
    captures: bool = True

    @classmethod
    def open(cls, module: Any = None) -> Self:
        """Raises BackendError when no device answers."""
        driver = Driver(module or load_driver("cuda.bindings.driver"))
        driver.call("cuInit", 0)
        device = driver.call("cuDeviceGet", 0)
        driver.call("cuCtxSetCurrent", driver.call("cuDevicePrimaryCtxRetain", device))
        attributes = driver.module.CUdevice_attribute
        major, minor = (
            driver.call("cuDeviceGetAttribute", attribute, device)
            for attribute in (
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR,
                attributes.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            )
        )
        name = bytes(driver.call("cuDeviceGetName", 128, device)).split(b"\0", 1)[0].decode()
        return cls(driver, name, f"{major}.{minor}")

    def stream(self) -> Stream:
        """See Cuda."""
        return _Stream(self.driver, self.driver.call("cuStreamCreate", 1))  # does not wait for the default stream

    def event(self) -> Event:
        """See Cuda."""
        return _Event(self.driver, self.driver.call("cuEventCreate", 2))  # takes no time stamps

    def pinned(self, size: int) -> PinnedBuffer:
        """See Cuda."""
        address = int(self.driver.call("cuMemHostAlloc", size, 0))
        memory = (ctypes.c_uint8 * size).from_address(address)
        return _Pinned(self.driver, address, np.ctypeslib.as_array(memory))

    def buffer(self, size: int) -> DeviceBuffer:
        """See Cuda."""
        address = self.driver.call("cuMemAlloc", size)
        self.driver.call("cuMemsetD8", address, 0, size)
        return _Buffer(self.driver, int(address), size)

    def upload(self, target: int, source: Array, stream: Stream) -> None:
        """See Cuda."""
        self.driver.call("cuMemcpyHtoDAsync", target, source.ctypes.data, source.nbytes, stream.handle)

    def download(self, target: Array, source: int, stream: Stream) -> None:
        """See Cuda."""
        self.driver.call("cuMemcpyDtoHAsync", target.ctypes.data, source, target.nbytes, stream.handle)

    def copy(self, target: int, source: int, size: int, stream: Stream) -> None:
        """See Cuda."""
        self.driver.call("cuMemcpyDtoDAsync", target, source, size, stream.handle)

    def capture(self, stream: Stream, work: Callable[[], None]) -> Graph:
        """See Cuda."""
        mode = self.driver.module.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL
        self.driver.call("cuStreamBeginCapture", stream.handle, mode)
        try:
            work()
        finally:
            graph = self.driver.call("cuStreamEndCapture", stream.handle)
        executable = self.driver.call("cuGraphInstantiate", graph, 0)
        self.driver.call("cuGraphDestroy", graph)
        return _Graph(self.driver, executable)

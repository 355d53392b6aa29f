"""A device of host memory whose streams do nothing until somebody waits, behind the faces of two CUDA packages."""

import ctypes
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.specs import StageSpec

Work = Callable[[], None]
Answer = tuple[Any, ...]


@dataclass
class Device:
    """Memory by address, streams by handle; `failing` names a driver function that reports an error."""

    memory: dict[int, Any] = field(default_factory=dict)
    streams: dict[int, list[Work]] = field(default_factory=dict)
    captured: dict[int, list[Work]] = field(default_factory=dict)
    launches: int = 0
    failing: str = ""

    def allocate(self, size: int) -> int:
        block = (ctypes.c_uint8 * size)(*([0xAB] * size))  # fresh memory is not zero
        self.memory[ctypes.addressof(block)] = block
        return ctypes.addressof(block)

    def open_stream(self) -> int:
        handle = 1000 + len(self.streams)
        self.streams[handle] = []
        return handle

    def queue(self, stream: int, work: Work) -> None:
        self.captured.get(stream, self.streams[stream]).append(work)

    def wait(self, stream: int) -> None:
        assert stream not in self.captured, "waiting inside a capture is an error"
        waiting, self.streams[stream] = self.streams[stream], []
        for work in waiting:
            work()

    def launch(self, graph: list[Work], stream: int) -> None:
        self.launches += 1
        self.streams[stream] += graph

    def copy(self, target: int, source: int, size: int, stream: int) -> None:
        def work() -> None:
            ctypes.memmove(target, source, size)

        self.queue(stream, work)

    def view(self, address: int, shape: tuple[int, ...], dtype: str) -> Array:
        size = int(np.prod(shape)) * np.dtype(dtype).itemsize
        memory = (ctypes.c_uint8 * size).from_address(address)
        return np.frombuffer(memory, dtype).reshape(shape)  # type: ignore[call-overload, no-any-return]


class CudaBindings:
    """`cuda.bindings.driver` over a device: an error first, results behind it."""

    CUdevice_attribute = SimpleNamespace(
        CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR=75, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR=76
    )
    CUstreamCaptureMode = SimpleNamespace(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL=1)

    def __init__(self, device: Device) -> None:
        self._device = device

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("cu") and name == object.__getattribute__(self, "_device").failing:
            return lambda *_: (700,)
        return object.__getattribute__(self, name)

    def cuInit(self, flags: int) -> Answer:
        return (0,)

    def cuDeviceGet(self, index: int) -> Answer:
        return 0, index

    def cuDevicePrimaryCtxRetain(self, device: int) -> Answer:
        return 0, "context"

    def cuCtxSetCurrent(self, context: str) -> Answer:
        return (0,)

    def cuDeviceGetName(self, size: int, device: int) -> Answer:
        return 0, b"Simulated GPU\0rest"

    def cuDeviceGetAttribute(self, attribute: int, device: int) -> Answer:
        return 0, {75: 8, 76: 9}[attribute]

    def cuStreamCreate(self, flags: int) -> Answer:
        return 0, self._device.open_stream()

    def cuStreamSynchronize(self, stream: int) -> Answer:
        self._device.wait(stream)
        return (0,)

    def cuEventCreate(self, flags: int) -> Answer:
        return 0, [0]

    def cuEventRecord(self, event: list[int], stream: int) -> Answer:
        event[0] = stream
        return (0,)

    def cuEventSynchronize(self, event: list[int]) -> Answer:
        self._device.wait(event[0])
        return (0,)

    def cuMemHostAlloc(self, size: int, flags: int) -> Answer:
        return 0, self._device.allocate(size)

    def cuMemAlloc(self, size: int) -> Answer:
        return 0, self._device.allocate(size)

    def cuMemsetD8(self, address: int, value: int, size: int) -> Answer:
        ctypes.memset(address, value, size)
        return (0,)

    def cuMemFree(self, address: int) -> Answer:
        del self._device.memory[address]
        return (0,)

    def cuMemFreeHost(self, address: int) -> Answer:
        return self.cuMemFree(address)

    def cuMemcpyHtoDAsync(self, target: int, source: int, size: int, stream: int) -> Answer:
        self._device.copy(target, source, size, stream)
        return (0,)

    def cuMemcpyDtoHAsync(self, target: int, source: int, size: int, stream: int) -> Answer:
        return self.cuMemcpyHtoDAsync(target, source, size, stream)

    def cuMemcpyDtoDAsync(self, target: int, source: int, size: int, stream: int) -> Answer:
        return self.cuMemcpyHtoDAsync(target, source, size, stream)

    def cuStreamBeginCapture(self, stream: int, mode: int) -> Answer:
        self._device.captured[stream] = []
        return (0,)

    def cuStreamEndCapture(self, stream: int) -> Answer:
        return 0, self._device.captured.pop(stream)

    def cuGraphInstantiate(self, graph: list[Work], flags: int) -> Answer:
        return 0, list(graph)

    def cuGraphDestroy(self, graph: list[Work]) -> Answer:
        return (0,)

    def cuGraphLaunch(self, graph: list[Work], stream: int) -> Answer:
        self._device.launch(graph, stream)
        return (0,)

    def cuGraphExecDestroy(self, graph: list[Work]) -> Answer:
        graph.clear()
        return (0,)


class PyCudaDriver:
    """`pycuda.driver` over a device."""

    class Error(Exception):
        """What pycuda raises."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def init(self) -> None:
        if self._device.failing == "init":
            raise self.Error("no device")

    def Device(self, index: int) -> SimpleNamespace:
        context = SimpleNamespace(push=lambda: None)
        return SimpleNamespace(
            name=lambda: "Simulated GPU", compute_capability=lambda: (8, 9), retain_primary_context=lambda: context
        )

    def Stream(self) -> SimpleNamespace:
        handle = self._device.open_stream()
        return SimpleNamespace(handle=handle, synchronize=lambda: self._device.wait(handle))

    def Event(self) -> SimpleNamespace:
        event = SimpleNamespace(stream=None)
        event.record = lambda stream: setattr(event, "stream", stream)
        event.synchronize = lambda: event.stream.synchronize()
        return event

    def pagelocked_zeros(self, size: int, dtype: type) -> Array:
        return np.zeros(size, dtype)

    def mem_alloc(self, size: int) -> "_Allocation":
        return _Allocation(self._device, self._device.allocate(size))

    def memset_d8(self, target: "_Allocation", value: int, size: int) -> None:
        ctypes.memset(int(target), value, size)

    def memcpy_htod_async(self, target: int, source: Array, stream: SimpleNamespace) -> None:
        self._device.copy(target, source.ctypes.data, source.nbytes, stream.handle)

    def memcpy_dtoh_async(self, target: Array, source: int, stream: SimpleNamespace) -> None:
        self._device.copy(target.ctypes.data, source, target.nbytes, stream.handle)

    def memcpy_dtod_async(self, target: int, source: int, size: int, stream: SimpleNamespace) -> None:
        self._device.copy(target, source, size, stream.handle)


@dataclass
class _Allocation:
    device: Device
    address: int

    def __int__(self) -> int:
        return self.address

    def free(self) -> None:
        del self.device.memory[self.address]


@dataclass
class Engine:
    """What TensorRT deserialises, with a numpy function for a network; it is its own execution context."""

    stage: StageSpec
    compute: Callable[[dict[str, Array]], dict[str, Array]]
    device: Device
    most_rows: int = 32
    types: dict[str, str] = field(default_factory=dict)
    layers: list[Any] = field(default_factory=list)
    _places: dict[str, int] = field(default_factory=dict)
    _shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def num_io_tensors(self) -> int:
        return len(self.stage.inputs) + len(self.stage.outputs)

    def get_tensor_name(self, index: int) -> str:
        return (*self.stage.inputs, *self.stage.outputs)[index].name

    def get_tensor_dtype(self, name: str) -> SimpleNamespace:
        """`types` names tensors of another type than the stage's."""
        known = {"float32": "FLOAT", "float16": "HALF", "int64": "INT64"}
        stage = {t.name: known[t.dtype] for t in (*self.stage.inputs, *self.stage.outputs)}
        return SimpleNamespace(name=self.types.get(name, stage[name]))

    def create_engine_inspector(self) -> SimpleNamespace:
        return SimpleNamespace(get_engine_information=lambda form: json.dumps({"Layers": self.layers, "Bindings": []}))

    def create_execution_context(self) -> "Engine":
        return self

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self._shapes[name] = shape
        return shape[0] <= self.most_rows

    def set_tensor_address(self, name: str, address: int) -> bool:
        self._places[name] = address
        return address != 0

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        zeros = {t.name: np.zeros(self._shapes[t.name], t.dtype.value) for t in self.stage.inputs}
        return self.compute(zeros)[name].shape

    def execute_async_v3(self, stream: int) -> bool:
        places, shapes = dict(self._places), dict(self._shapes)

        def work() -> None:
            inputs = {
                t.name: self.device.view(places[t.name], shapes[t.name], t.dtype.value) for t in self.stage.inputs
            }
            outputs = self.compute({name: value.copy() for name, value in inputs.items()})
            for tensor in self.stage.outputs:
                value = outputs[tensor.name].astype(tensor.dtype.value)
                self.device.view(places[tensor.name], value.shape, tensor.dtype.value)[...] = value

        self.device.queue(stream, work)
        return True

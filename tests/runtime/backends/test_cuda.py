"""The CUDA interface: both implementations over a simulated device, and whichever is installed over a real one."""

from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.cuda import Cuda, load_driver, open_cuda
from speechtrt.runtime.backends.cuda_python import CudaPython
from speechtrt.runtime.backends.pycuda import PyCuda
from tests.runtime.backends.fake_device import CudaBindings, Device, PyCudaDriver

OPENERS: dict[str, Callable[[], Cuda]] = {
    "cuda-python": lambda: CudaPython.open(CudaBindings(Device())),
    "pycuda": lambda: PyCuda.open(PyCudaDriver(Device())),
}


@pytest.fixture(params=["cuda-python", "pycuda", pytest.param("real", marks=pytest.mark.gpu)])
def cuda(request: pytest.FixtureRequest) -> Cuda:
    return open_cuda() if request.param == "real" else OPENERS[request.param]()


def test_what_was_sent_comes_back(cuda: Cuda) -> None:
    stream, buffer = cuda.stream(), cuda.buffer(64)
    there, back = cuda.pinned(64), cuda.pinned(64)
    there.array[:] = np.arange(64)
    cuda.upload(buffer.address, there.array, stream)
    cuda.download(back.array, buffer.address, stream)
    stream.synchronize()
    assert (back.array == np.arange(64)).all()


def test_device_memory_starts_as_zeros(cuda: Cuda) -> None:
    stream, back = cuda.stream(), cuda.pinned(16)
    back.array[:] = 1
    cuda.download(back.array, cuda.buffer(16).address, stream)
    stream.synchronize()
    assert not back.array.any()


def test_parts_are_copied_by_address(cuda: Cuda) -> None:
    stream, buffer, host = cuda.stream(), cuda.buffer(16), cuda.pinned(16)
    host.array[:] = np.arange(16)
    cuda.upload(buffer.address, host.array[:8], stream)
    cuda.copy(buffer.address + 8, buffer.address, 4, stream)
    stream.synchronize()
    cuda.download(host.array, buffer.address, stream)
    stream.synchronize()
    assert host.array.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 0, 0, 0, 0]


def test_an_event_waits_for_what_it_marked(cuda: Cuda) -> None:
    stream, buffer, host = cuda.stream(), cuda.buffer(4), cuda.pinned(8)
    host.array[:4] = 7
    cuda.upload(buffer.address, host.array[:4], stream)
    cuda.download(host.array[4:], buffer.address, stream)
    event = cuda.event()
    event.record(stream)
    event.synchronize()
    assert host.array.tolist() == [7] * 8


def test_a_graph_repeats_what_was_captured(cuda: Cuda) -> None:
    if not cuda.captures:
        with pytest.raises(BackendError, match="captures no CUDA graphs"):
            cuda.capture(cuda.stream(), lambda: None)
        return
    stream, buffer, host = cuda.stream(), cuda.buffer(4), cuda.pinned(8)

    def work() -> None:
        cuda.upload(buffer.address, host.array[:4], stream)
        cuda.download(host.array[4:], buffer.address, stream)

    host.array[:] = 0
    graph = cuda.capture(stream, work)
    for value in (3, 9):
        host.array[:4] = value
        graph.launch(stream)
        stream.synchronize()
        assert host.array.tolist() == [value] * 8
    graph.close()
    graph.close()


def test_memory_may_be_freed_twice(cuda: Cuda) -> None:
    buffer, host = cuda.buffer(4), cuda.pinned(4)
    for memory in (buffer, host, buffer, host):
        memory.close()
    assert (buffer.address, host.array.size) == (0, 0)


@pytest.mark.parametrize("name", OPENERS)
def test_the_device_is_named(name: str) -> None:
    cuda = OPENERS[name]()
    assert (cuda.device, cuda.capability) == ("Simulated GPU", "8.9")


def test_an_error_of_the_driver_names_the_function() -> None:
    device = Device(failing="cuMemAlloc")
    with pytest.raises(BackendError, match="cuMemAlloc failed with 700"):
        CudaPython.open(CudaBindings(device)).buffer(4)


def test_a_package_without_a_driver_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bindings may be installed where no driver is: pycuda then cannot be imported, cuda-python not called."""
    with pytest.raises(BackendError, match="absent_driver cannot be loaded"):
        load_driver("absent_driver")

    def call(flags: int) -> None:
        raise RuntimeError("Failed to dlopen libcuda.so.1")

    with pytest.raises(BackendError, match=r"cuInit finds no driver \(Failed to dlopen"):
        CudaPython.open(SimpleNamespace(cuInit=call))


def test_no_device_is_one_line() -> None:
    with pytest.raises(BackendError, match="cuInit failed"):
        CudaPython.open(CudaBindings(Device(failing="cuInit")))
    with pytest.raises(BackendError, match="pycuda finds no device"):
        PyCuda.open(PyCudaDriver(Device(failing="init")))

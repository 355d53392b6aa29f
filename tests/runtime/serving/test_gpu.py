"""Figures of GPUs from a driver that is made up, and none where there is no driver."""

import sys
from types import SimpleNamespace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from speechtrt.runtime.serving.core.gpu import GpuCollector


class Failure(Exception):
    pass


class Driver:
    """As much of pynvml as is used. `broken` is the name of a call that fails."""

    NVMLError = Failure

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.open = 0

    def call(self, name: str) -> None:
        if name == self.broken:
            raise Failure(name)

    def nvmlInit(self) -> None:
        self.call("init")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:
        return number

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self.call("memory")
        return SimpleNamespace(used=10 + handle, total=40)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=50, memory=1)

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}"


def page(monkeypatch: pytest.MonkeyPatch, driver: object) -> str:
    monkeypatch.setitem(sys.modules, "pynvml", driver)
    registry = CollectorRegistry()
    registry.register(GpuCollector())
    return generate_latest(registry).decode()


def test_every_gpu_has_memory_and_load(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver()
    found = page(monkeypatch, driver)
    assert 'speechtrt_gpu_memory_used_bytes{gpu="GPU-1"} 11.0' in found
    assert 'speechtrt_gpu_memory_total_bytes{gpu="GPU-0"} 40.0' in found
    assert 'speechtrt_gpu_utilization_ratio{gpu="GPU-0"} 0.5' in found
    assert driver.open == 0


@pytest.mark.parametrize("driver", [None, Driver("init"), Driver("memory")])
def test_without_a_driver_there_are_no_figures(monkeypatch: pytest.MonkeyPatch, driver: Driver | None) -> None:
    found = page(monkeypatch, driver)
    assert "# TYPE speechtrt_gpu_memory_used_bytes gauge" in found
    assert "{" not in found
    assert driver is None or driver.open == 0

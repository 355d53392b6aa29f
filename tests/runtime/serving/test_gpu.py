"""Figures of GPUs from a driver that is made up, and none where there is no driver."""

import sys

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from speechtrt.runtime.serving.core.gpu import GpuCollector
from tests.runtime.fake_nvml import Driver


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

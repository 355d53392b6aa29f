import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from speechtrt.benchmarks.measure import clock
from speechtrt.benchmarks.measure.clock import Stopwatch

BURN = "import time; end = time.perf_counter() + 1.5\nwhile time.perf_counter() < end: pass"


def test_foreign_time_is_the_machine_s_without_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    wall, cpu, machine = iter([0.0, 4.0]), iter([10.0, 12.0]), iter([100.0, 103.0])
    fake = SimpleNamespace(perf_counter=lambda: next(wall), process_time=lambda: next(cpu))
    monkeypatch.setattr(clock, "time", fake)
    monkeypatch.setattr(clock, "_busy_seconds", lambda: next(machine))
    elapsed = Stopwatch().read()
    assert elapsed == clock.Elapsed(wall=4.0, cpu=2.0, foreign_share=1.0 / (4.0 * (os.cpu_count() or 1)))


def test_our_own_work_is_ours() -> None:
    watch, busy_until = Stopwatch(), time.process_time() + 0.1
    while time.process_time() < busy_until:
        pass
    elapsed = watch.read()
    assert elapsed.wall > 0
    assert elapsed.cpu >= 0.09


def test_the_work_of_others_is_seen() -> None:
    other = subprocess.Popen([sys.executable, "-c", BURN])
    watch = Stopwatch()
    time.sleep(0.8)
    elapsed = watch.read()
    other.wait()
    assert elapsed.foreign_share > 0.05
    assert elapsed.cpu < 0.4

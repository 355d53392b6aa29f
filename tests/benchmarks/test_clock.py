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
    watch = Stopwatch()
    while watch.wall < 0.3:
        pass
    elapsed = watch.read()
    assert 0.3 <= elapsed.wall < 3
    assert elapsed.cpu > 0.02


def test_the_work_of_others_is_seen() -> None:
    other = subprocess.Popen([sys.executable, "-c", BURN])
    watch = Stopwatch()
    time.sleep(0.8)
    elapsed = watch.read()
    other.wait()
    assert elapsed.foreign_share > 0.05
    assert elapsed.cpu < 0.4

import subprocess
import sys
import time

from speechtrt.benchmarks.measure.clock import Stopwatch

BURN = "import time; end = time.perf_counter() + 1.5\nwhile time.perf_counter() < end: pass"


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

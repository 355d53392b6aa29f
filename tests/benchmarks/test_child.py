import mmap
import os
from dataclasses import dataclass

import pytest

from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.measure.memory import peak_bytes
from speechtrt.errors import AudioError, BenchmarkError

MEGABYTE = 1024**2


@dataclass(frozen=True)
class Counting:
    start: int

    def __call__(self) -> list[int]:
        return [self.start]


def add(numbers: list[int]) -> list[int]:
    numbers.append(numbers[-1] + 1)
    return numbers


def die(_numbers: list[int]) -> None:
    os._exit(7)


def fail(_numbers: list[int]) -> None:
    raise ValueError("a bad number")


def refuse(_numbers: list[int]) -> None:
    raise AudioError("no such sound")


def peak(_numbers: list[int]) -> int:
    return peak_bytes()


def peak_after_filling(_numbers: list[int]) -> int:
    bytearray(b"x" * (64 * MEGABYTE))
    return peak_bytes()


def peak_after_reserving(_numbers: list[int]) -> int:
    with mmap.mmap(-1, 512 * MEGABYTE):
        return peak_bytes()


def process(_numbers: list[int]) -> int:
    return os.getpid()


def test_the_workload_lives_on_between_calls_in_another_process() -> None:
    with Child("counter", Counting(4)) as child:
        child.call(add)
        assert child.call(add) == [4, 5, 6]
        assert child.call(process) != os.getpid()


def test_a_dead_child_is_one_clear_line() -> None:
    with (
        Child("counter", Counting(0)) as child,
        pytest.raises(BenchmarkError, match="counter process died with exit code 7"),
    ):
        child.call(die)


def test_errors_come_back_as_what_they_are() -> None:
    with Child("counter", Counting(0)) as child:
        with pytest.raises(AudioError, match="no such sound"):
            child.call(refuse)
        with pytest.raises(BenchmarkError, match="a bad number"):
            child.call(fail)
        assert child.call(add) == [0, 1]


def test_peak_memory_is_the_child_s_own() -> None:
    ballast = bytearray(b"x" * (256 * MEGABYTE))
    with Child("counter", Counting(0)) as child:
        before = child.call(peak)
        assert before < len(ballast)
        assert child.call(peak_after_reserving) - before < 50 * MEGABYTE
        assert child.call(peak_after_filling) - before > 50 * MEGABYTE

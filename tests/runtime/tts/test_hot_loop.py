"""What a step costs besides its engines: no memory, and little time."""

import ctypes
import gc
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from speechtrt.runtime.backends.base import Runner
from speechtrt.runtime.tts.opening import open_pipeline
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import SpeechRequest
from tests.runtime.fakes import tts_stages
from tests.runtime.tts.fake_speech import build

SLOTS = 4
KEPT_BYTES, PASSING_BYTES = 2_000, 16_000
MALLINFO = (  # in the order of malloc.h
    "arena",
    "ordblks",
    "smblks",
    "hblks",
    "hblkhd",
    "usmblks",
    "fsmblks",
    "uordblks",
    "fordblks",
    "keepcost",
)


@pytest.fixture(autouse=True)
def undisturbed() -> Iterator[None]:
    """What other tests have left behind is not collected while memory is measured."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def running(pipeline: Pipeline, steps: int) -> Pipeline:
    """A pipeline with every slot in use, past its first steps."""
    for seed in range(SLOTS):
        pipeline.submit(SpeechRequest("hello", steps=150, seed=seed), urgent=True)
    for _ in range(steps):
        pipeline.step()
    return pipeline


def test_steps_allocate_nothing(tiny_tts_engines: Path) -> None:
    """Between two draws of random numbers; what passes through are small objects of Python's.

    The least of three windows counts: threads that other tests have left behind allocate, too.
    """
    with running(open_pipeline(tiny_tts_engines, SLOTS, 1), steps=36) as pipeline:
        tracemalloc.start()
        pipeline.step()
        windows = [_window(pipeline, steps=7) for _ in range(3)]
        tracemalloc.stop()
    assert min(kept for kept, _ in windows) < KEPT_BYTES
    assert min(passing for _, passing in windows) < PASSING_BYTES


def _window(pipeline: Pipeline, steps: int) -> tuple[int, int]:
    """Bytes that stay allocated after some steps, and the most at once in between."""
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    for _ in range(steps):
        pipeline.step()
    kept, peak = tracemalloc.get_traced_memory()
    return kept - before, peak - before


class Heap(ctypes.Structure):
    """glibc's `struct mallinfo2`: bytes by what they are used for."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in MALLINFO)


def heap_bytes() -> tuple[int, int]:
    """Bytes that are in use on the C heap, ONNX Runtime's included, and bytes that it has taken from the system."""
    libc = ctypes.CDLL(None)
    libc.mallinfo2.restype = Heap
    heap = libc.mallinfo2()
    return heap.uordblks + heap.hblkhd, heap.arena + heap.hblkhd


def test_engines_allocate_nothing_in_thousands_of_steps(tiny_tts_engines: Path) -> None:
    """Outputs are bound in place, so that ONNX Runtime's arena only lends out what it has.

    One quiet window is enough: a step that keeps a byte would show in each, and other tests' threads share the heap.
    """
    with running(open_pipeline(tiny_tts_engines, SLOTS, 1), steps=2) as pipeline:
        runner = pipeline._decoder.runner
        for _ in range(20):
            runner.step(SLOTS)
        windows = [_growth(runner, steps=1000) for _ in range(3)]
    assert any(abs(in_use) < KEPT_BYTES and taken == 0 for in_use, taken in windows), windows


def _growth(runner: Runner, steps: int) -> tuple[int, int]:
    """What some steps add to the bytes in use on the heap, and to those that it has taken from the system."""
    before = heap_bytes()
    for _ in range(steps):
        runner.step(SLOTS)
    in_use, taken = heap_bytes()
    return in_use - before[0], taken - before[1]


def test_speech_takes_no_memory_from_the_system_while_it_is_decoded(tiny_tts_engines: Path) -> None:
    """Engines, blocks of random numbers and frames: past the first block nothing grows."""
    with running(open_pipeline(tiny_tts_engines, SLOTS, 1), steps=36) as pipeline:
        before = heap_bytes()
        for _ in range(84):
            pipeline.step()
        in_use, taken = heap_bytes()
        assert pipeline.active == SLOTS
    assert in_use - before[0] < PASSING_BYTES
    assert taken == before[1]


def test_steps_use_the_same_buffers() -> None:
    runners = tts_stages()
    with running(build(runners, SLOTS), steps=2) as pipeline:
        before = {name: id(array) for name, array in runners["decoder"].bound.items()}
        for _ in range(100):
            pipeline.step()
        assert {name: id(array) for name, array in runners["decoder"].bound.items()} == before


def test_the_schedulers_own_time_is_counted_without_the_stages() -> None:
    with running(build(tts_stages(), SLOTS), steps=50) as pipeline:
        times = {time.stage: time for time in pipeline.clock.times()}
    assert times["scheduler"].calls == 50
    assert times["scheduler"].seconds > 0
    assert times["decoder"].calls == 50 and times["decoder"].rows == 50 * SLOTS

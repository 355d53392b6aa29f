"""What a step costs besides its engines: no memory, and little time."""

import tracemalloc
from pathlib import Path

from speechtrt.runtime.tts.opening import open_pipeline
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import SpeechRequest
from tests.runtime.fakes import tts_stages
from tests.runtime.tts.fake_speech import build

SLOTS = 4
KEPT_BYTES, PASSING_BYTES = 2_000, 16_000


def running(pipeline: Pipeline, steps: int) -> Pipeline:
    """A pipeline with every slot in use, past its first steps."""
    for seed in range(SLOTS):
        pipeline.submit(SpeechRequest("hello", steps=150, seed=seed), urgent=True)
    for _ in range(steps):
        pipeline.step()
    return pipeline


def test_steps_allocate_nothing(tiny_tts_engines: Path) -> None:
    """Between two draws of random numbers; what passes through are small objects of Python's."""
    with running(open_pipeline(tiny_tts_engines, SLOTS, 1), steps=36) as pipeline:
        tracemalloc.start()
        pipeline.step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(20):
            pipeline.step()
        kept, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert kept - before < KEPT_BYTES
    assert peak - before < PASSING_BYTES


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

"""Stages that overlap say what they say one after the other, and the urgent goes first."""

import threading
import time

import numpy as np
import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.crew import Crew
from speechtrt.runtime.tts.events import Event, Heard
from speechtrt.runtime.tts.hand import Helper, Inline
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, SpeechRequest
from tests.runtime.fakes import FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import Clock, Gate, build

REQUESTS = [
    SpeechRequest(f"{text}. and again.", seed=seed, steps=steps, plan=plan)
    for seed, (text, steps, plan) in enumerate(
        [("one", 120, INTERACTIVE), ("two two", None, ChunkPlan(3, 2, 9)), ("three", 44, ChunkPlan(9, 1, 9))] * 3
    )
]


def test_overlap_changes_no_sample() -> None:
    with build(tts_stages()) as alone, build(tts_stages(), crew=Crew.threads()) as overlapped:
        for one, other in zip(alone.synthesize_many(REQUESTS), overlapped.synthesize_many(REQUESTS), strict=True):
            np.testing.assert_array_equal(one.audio.samples, other.audio.samples)


def test_the_decoder_goes_on_while_sound_is_made() -> None:
    runners = tts_stages()
    gate = Gate.before(runners["vocoder"])
    with build(runners, crew=Crew.threads()) as pipeline:
        pipeline.submit(SpeechRequest("hello", steps=100, plan=INTERACTIVE), urgent=True)
        until = time.monotonic() + 60
        while len(runners["decoder"].batches) < 100:
            assert time.monotonic() < until
            pipeline.step()
        assert pipeline.active == 0 and pipeline.busy
        gate.open()
        events: list[Event] = []
        while pipeline.busy:
            pipeline.wait()
            events += pipeline.step()
    assert sum(isinstance(e, Heard) for e in events) > 2


def test_the_next_sentences_are_encoded_before_they_have_a_slot() -> None:
    runners = tts_stages()
    with build(runners, slots=1, crew=Crew.threads()) as pipeline:
        for seed in range(5):
            pipeline.submit(SpeechRequest("hello", steps=50, seed=seed), urgent=True)
        while len(runners["decoder"].batches) < 3:
            pipeline.step()
        until = time.monotonic() + 60
        while len(runners["encoder"].batches) < 3:
            assert time.monotonic() < until
            pipeline._admit()
        assert len(runners["decoder"].batches) <= 50


def test_who_is_encoded_takes_the_row_of_who_ends_and_nobody_moves() -> None:
    runners = tts_stages()
    requests = [SpeechRequest("hello", steps=n, seed=n) for n in (20, 9, 14, 30, 16, 25)]
    with build(tts_stages()) as alone, build(runners, crew=Crew(Inline(), Inline(), ahead=4, passes=1)) as pipeline:
        for one, other in zip(alone.synthesize_many(requests), pipeline.synthesize_many(requests), strict=True):
            np.testing.assert_array_equal(one.audio.samples, other.audio.samples)
    assert len(runners["decoder"].pulled) <= 2, "only when nobody waits any more"
    assert runners["decoder"].batches[:30] == [3] * 30


def test_first_chunks_go_before_later_ones() -> None:
    """A long speech is in work; a new request's first chunk overtakes its next ones."""
    runners = tts_stages()
    order: list[int] = []
    compute = runners["vocoder"].compute

    def voice(inputs: dict[str, Array]) -> dict[str, Array]:
        order.append(inputs["mel"].shape[1])
        return compute(inputs)

    runners["vocoder"].compute = voice
    crew = Crew(Inline(), Inline(), ahead=0, passes=0)
    with build(runners, crew=crew, now=lambda: 7.0) as pipeline:
        pipeline.submit(SpeechRequest("hello", steps=100, plan=ChunkPlan(40, 1, 40)), urgent=True)
        for _ in range(60):
            pipeline.step()
        pipeline.submit(SpeechRequest("hi", steps=3), urgent=True)
        for _ in range(3):
            pipeline.step()
        assert order == []
        object.__setattr__(pipeline._vocoding, "passes", 1)
        while len(order) < 2:
            pipeline.step()
    assert order[:2] == [43, 6]


def test_first_sentences_are_admitted_before_later_ones() -> None:
    with build(tts_stages(), slots=1) as pipeline:
        long = pipeline.submit(SpeechRequest("one one one one. two. three. four."), urgent=True)
        short = pipeline.submit(SpeechRequest("five"), urgent=True)
        admitted = []
        while pipeline.busy:
            pipeline.step()
            admitted += [v.job for v in pipeline._scheduler.running()][:1]
    assert list(dict.fromkeys(admitted[:20])) == [long, short]
    assert admitted.index(short) < len("one one one one.") + 2


@pytest.mark.parametrize("stage", ["encoder", "postnet", "vocoder"])
def test_a_fault_in_a_crew_ends_its_request_only(stage: str) -> None:
    runners = tts_stages()
    fail_once(runners[stage])
    with build(runners, slots=1, crew=Crew.threads()) as pipeline:
        with pytest.raises(BackendError, match="a fault"):
            pipeline.synthesize("hello")
        assert pipeline.synthesize("hello").steps == 5


def test_a_crew_ends_with_its_pipeline() -> None:
    before = set(threading.enumerate())
    with build(tts_stages(), crew=Crew.threads()) as pipeline:
        pipeline.synthesize("hello")
        assert len(set(threading.enumerate()) - before) == 2
    assert set(threading.enumerate()) <= before


def fail_once(runner: FakeRunner) -> None:
    compute = runner.compute

    def fail(inputs: dict[str, Array]) -> dict[str, Array]:
        runner.compute = compute
        raise BackendError("a fault")

    runner.compute = fail


def test_while_sound_is_late_free_rows_wait_for_company() -> None:
    """While the rush lasts, and not where somebody listens."""
    runners, clock = tts_stages(), Clock(7.0)
    gate, batches = Gate.before(runners["vocoder"]), runners["decoder"].batches
    crew = Crew(Inline(), Helper("vocoder"), ahead=4, passes=2)
    with build(runners, crew=crew, now=clock) as pipeline:
        for n in range(20):
            pipeline.submit(SpeechRequest("hello", steps=10 + n % 3), urgent=True)
        while pipeline.active == 0 or pipeline.active == pipeline.slots:
            pipeline.step()
        done, rows = len(batches), pipeline.active
        assert pipeline.delay() == pytest.approx(0.250)
        pipeline.step()
        assert len(batches) == done, "nobody stepped"
        clock.now += 0.250
        pipeline.step()
        assert batches[done:] == [rows]
        pipeline.submit(SpeechRequest("hello", steps=50, plan=INTERACTIVE), urgent=True)
        pipeline.step()
        pipeline.step()
        assert len(batches) == done + 3, "a listener is there"
        gate.open()


def test_there_is_no_waiting_when_sound_keeps_up() -> None:
    runners = tts_stages()
    with build(runners, crew=Crew(Inline(), Inline(), ahead=4, passes=2), now=lambda: 7.0) as pipeline:
        for n in range(20):
            pipeline.submit(SpeechRequest("hello", steps=10 + n % 3), urgent=True)
        while pipeline.busy:
            assert pipeline.delay() == 0
            pipeline.step()


def test_a_full_batch_makes_a_stride_before_anybody_looks_around() -> None:
    runners = tts_stages()
    batches = runners["decoder"].batches
    crew = Crew(Inline(), Inline(), ahead=4, passes=2, stride=4)
    with build(runners, slots=2, crew=crew, now=lambda: 7.0) as pipeline:
        for _ in range(3):
            pipeline.submit(SpeechRequest("hello", steps=30), urgent=True)
        pipeline.step()
        assert batches == [2] * 4
        pipeline.wake()
        pipeline.step()
        assert batches == [2] * 8, "nobody can be let in"


def test_whoever_calls_is_heeded_at_the_next_step_while_there_is_room() -> None:
    runners = tts_stages()
    batches = runners["decoder"].batches
    crew = Crew(Inline(), Inline(), ahead=4, passes=2, stride=4)
    with build(runners, slots=3, crew=crew, now=lambda: 7.0) as pipeline:
        pipeline.submit(SpeechRequest("hello", steps=30), urgent=True)
        pipeline.step()
        done = len(batches)
        pipeline.submit(SpeechRequest("hello", steps=30), urgent=True)
        pipeline.step()
        assert batches[done:] == [2]
        pipeline.step()
        assert batches[done:] == [2] * 5


def test_steps_that_take_long_make_no_stride() -> None:
    runners, clock = tts_stages(), Clock(7.0)
    decoder = runners["decoder"]
    compute = decoder.compute

    def slow(inputs: dict[str, Array]) -> dict[str, Array]:
        clock.now += 0.006
        return compute(inputs)

    decoder.compute = slow
    crew = Crew(Inline(), Inline(), ahead=4, passes=2, stride=4)
    with build(runners, slots=1, crew=crew, now=clock) as pipeline:
        pipeline.submit(SpeechRequest("hello", steps=30), urgent=True)
        pipeline.step()
        assert decoder.batches == [1] * 2

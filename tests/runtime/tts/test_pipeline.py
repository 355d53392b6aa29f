"""The pipeline over a fake backend: what one row says does not depend on the others."""

from collections.abc import Iterator

import numpy as np
import pytest

from speechtrt.errors import CancelledError, DeadlineError, TextError
from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import BULK, INTERACTIVE, ChunkPlan, SpeechRequest
from tests.runtime.fakes import FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import build


@pytest.fixture
def runners() -> dict[str, FakeRunner]:
    return tts_stages()


@pytest.fixture
def pipeline(runners: dict[str, FakeRunner]) -> Iterator[Pipeline]:
    with build(runners) as pipeline:
        yield pipeline


REQUESTS = [
    SpeechRequest("a short one", seed=1),
    SpeechRequest("a much longer sentence than that", seed=2, voice="ben"),
    SpeechRequest("b", seed=3),
    SpeechRequest("two sentences. one request.", seed=4),
    SpeechRequest("x y z", seed=5, plan=INTERACTIVE),
    SpeechRequest("the last one has seven words here", seed=6, plan=ChunkPlan(3, 2, 9)),
]


def test_a_row_is_the_same_alone_and_in_a_batch(pipeline: Pipeline) -> None:
    together = pipeline.synthesize_many(REQUESTS)
    for request, speech in zip(REQUESTS, together, strict=True):
        [alone] = pipeline.synthesize_many([request])
        assert alone.steps == speech.steps
        np.testing.assert_allclose(alone.audio.samples, speech.audio.samples, atol=1e-6)


@pytest.mark.parametrize("plan", [INTERACTIVE, ChunkPlan(1, 1, 1), ChunkPlan(3, 2, 7), ChunkPlan(5, 1, 5)])
def test_chunks_join_without_a_seam(pipeline: Pipeline, plan: ChunkPlan) -> None:
    whole = pipeline.synthesize("a much longer sentence than that", plan=BULK)
    chunked = pipeline.synthesize("a much longer sentence than that", plan=plan)
    np.testing.assert_allclose(chunked.audio.samples, whole.audio.samples, atol=1e-6)


def test_a_seed_decides_the_sound(pipeline: Pipeline) -> None:
    first, again, other = (pipeline.synthesize("hello world", seed=s).audio.samples for s in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_voice_decides_the_sound(pipeline: Pipeline) -> None:
    default, anna, ben = (pipeline.synthesize("hello", voice=v).audio.samples for v in (None, "anna", "ben"))
    np.testing.assert_array_equal(default, anna)
    assert not np.allclose(anna, ben)


def test_slots_stay_full_while_anyone_waits(runners: dict[str, FakeRunner]) -> None:
    with build(runners, slots=3) as pipeline:
        pipeline.synthesize_many([SpeechRequest("hello", steps=n) for n in (2, 9, 4, 6, 5, 1, 3)])
        batches = runners["decoder"].batches
        assert sum(batches) == 30
        assert batches[:8] == [3] * 8
        fill = pipeline.clock.time("decoder").rows_per_call
    assert fill == pytest.approx(30 / len(batches))


def test_the_short_overtake_the_long(pipeline: Pipeline) -> None:
    steps = (20, 2, 9)
    order = [c.index for c in pipeline.completions([SpeechRequest("hello", steps=n) for n in steps])]
    assert order == [1, 2, 0]


def test_caches_grow_with_speech_and_text(runners: dict[str, FakeRunner]) -> None:
    long, longer = SpeechRequest("a" * 40, steps=190), SpeechRequest("b", steps=150)
    with build(runners) as pipeline:
        together = pipeline.synthesize_many([longer, long])
        assert runners["decoder"].bound["self_k_0"].shape[2] == 256
        assert runners["decoder"].bound["cross_k_0"].shape[2] == 64
        alone = [pipeline.synthesize_many([r])[0] for r in (longer, long)]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.audio.samples, other.audio.samples, atol=1e-6)


def test_the_length_limit_is_reported(pipeline: Pipeline, runners: dict[str, FakeRunner]) -> None:
    compute = runners["decoder"].compute
    runners["decoder"].compute = lambda x: {**compute(x), "stop": np.zeros((len(x["frame"]), 2))}
    speech = pipeline.synthesize("hey")
    assert speech.steps == 30
    assert speech.warnings == ("sentence 1 was stopped by the length limit after 30 steps",)


def test_fixed_steps_are_kept(pipeline: Pipeline) -> None:
    speech = pipeline.synthesize("hello", steps=17)
    assert speech.steps == 17
    assert len(speech.audio.samples) == 17 * 2 * 4
    assert speech.warnings == ()


def test_sound_comes_before_the_decoder_is_done(runners: dict[str, FakeRunner]) -> None:
    steps = runners["decoder"].batches
    with build(runners, now=lambda: float(len(steps))) as pipeline:  # a second for every step of the decoder
        speech = pipeline.synthesize("hello", steps=150)
    assert 0 < speech.first_audio_seconds < speech.total_seconds / 2


def test_requests_arrive_while_others_run(pipeline: Pipeline) -> None:
    first = pipeline.submit(SpeechRequest("a sentence that runs", steps=6), urgent=True)
    pipeline.step()
    second = pipeline.submit(SpeechRequest("another sentence", steps=2))
    done = []
    while pipeline.busy:
        done += [e.index for e in pipeline.step() if isinstance(e, Completion)]
    assert done == [second, first]


def test_a_lone_request_starts_at_once(runners: dict[str, FakeRunner]) -> None:
    """Time stands still, so whatever is heard was not waited for."""
    with build(runners, now=lambda: 7.0) as pipeline:
        pipeline.submit(SpeechRequest("a sentence of some length. and another one"))
        assert pipeline.delay() == 0
        run(pipeline)


def test_in_a_rush_an_idle_batch_waits_for_company_but_not_for_a_short_text(runners: dict[str, FakeRunner]) -> None:
    with build(runners, slots=99, now=lambda: 7.0) as pipeline:
        for _ in range(20):
            pipeline.submit(SpeechRequest("a sentence of some length"))
        assert pipeline.delay() == pytest.approx(0.040)
        assert pipeline.step() == [] and runners["encoder"].batches == []
        pipeline.submit(SpeechRequest("short"))
        assert pipeline.delay() == 0


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (SpeechRequest(""), "empty"),
        (SpeechRequest("  \n"), "empty"),
        (SpeechRequest("?! ..."), "can be spoken"),
        (SpeechRequest("hello", voice="zoe"), "anna, ben"),
    ],
)
def test_bad_requests_are_named_before_any_work(
    pipeline: Pipeline, runners: dict[str, FakeRunner], request_: SpeechRequest, words: str
) -> None:
    with pytest.raises(TextError, match=words):
        pipeline.synthesize_many([SpeechRequest("fine"), request_])
    assert not pipeline.busy
    assert runners["encoder"].batches == []


def test_giving_up_an_iterator_frees_every_slot(pipeline: Pipeline) -> None:
    completions = pipeline.completions(REQUESTS)
    next(completions)
    completions.close()  # type: ignore[attr-defined]
    assert not pipeline.busy
    assert pipeline.synthesize("hello").steps > 0


def test_stages_are_closed_at_the_end(runners: dict[str, FakeRunner]) -> None:
    with build(runners):
        pass
    assert all(r.closed for r in runners.values())


def test_chunks_of_one_shape_share_a_pass(pipeline: Pipeline, runners: dict[str, FakeRunner]) -> None:
    pipeline.synthesize_many([SpeechRequest("hello", steps=9, seed=s) for s in range(3)])
    assert runners["vocoder"].batches == [3]


def test_time_is_counted_by_stage(pipeline: Pipeline) -> None:
    pipeline.synthesize("hello")
    stages = {t.stage for t in pipeline.clock.times()}
    assert stages == {"text", "scheduler", "dropout", "encoder", "decoder", "postnet", "vocoder"}


def test_speech_ends_where_the_model_stops(pipeline: Pipeline) -> None:
    assert [pipeline.synthesize(text).steps for text in ("hello", "hi")] == [5, 2]


def test_sentences_are_joined_with_a_pause(pipeline: Pipeline) -> None:
    speech = pipeline.synthesize("one. two.", seed=4)
    first = pipeline.synthesize("one.", seed=4)
    pause = int(0.2 * speech.audio.rate)
    samples, start = speech.audio.samples, len(first.audio.samples)
    np.testing.assert_array_equal(samples[:start], first.audio.samples)
    assert not samples[start : start + pause].any()
    assert len(samples) == pause + speech.steps * 2 * 4


def run(pipeline: Pipeline) -> list[Event]:
    events: list[Event] = []
    while pipeline.busy:
        events += pipeline.step()
    return events


def test_chunks_are_heard_in_order_and_join_to_the_speech(pipeline: Pipeline) -> None:
    index = pipeline.submit(SpeechRequest("one two three. four. five six.", seed=4, plan=ChunkPlan(3, 2, 9)), True)
    *heard, last = run(pipeline)
    chunks = [e.chunk for e in heard if isinstance(e, Heard)]
    assert len(chunks) == len(heard) > 5
    assert [c.index for c in chunks] == list(range(len(chunks)))
    assert isinstance(last, Completion) and last.index == index
    np.testing.assert_array_equal(np.concatenate([c.samples for c in chunks]), last.speech.audio.samples)


def test_a_cancelled_request_leaves_its_row_to_others(runners: dict[str, FakeRunner]) -> None:
    with build(runners, slots=2) as pipeline:
        first, second, third = (pipeline.submit(SpeechRequest("hello", steps=9, seed=n), urgent=True) for n in range(3))
        pipeline.step()
        pipeline.cancel(first)
        [failure, *events] = run(pipeline)
        assert isinstance(failure, Failure) and failure.index == first
        assert isinstance(failure.error, CancelledError)
        assert {e.index for e in events} == {second, third}
        pipeline.cancel(first)
        assert not pipeline.busy
    assert runners["decoder"].batches == [2] * 9 + [1]


def test_those_who_stay_go_on_in_their_new_rows(pipeline: Pipeline) -> None:
    """The last row moves into the gap that a cancelled request leaves."""
    requests = [SpeechRequest(text, steps=20, seed=n) for n, text in enumerate(("one", "two two", "three three three"))]
    expected = [pipeline.synthesize_many([request])[0] for request in requests]
    first, *others = (pipeline.submit(request, urgent=True) for request in requests)
    for _ in range(5):
        pipeline.step()
    pipeline.cancel(first)
    speeches = {e.index: e.speech for e in run(pipeline) if isinstance(e, Completion)}
    assert list(speeches) == others
    for speech, right in zip(speeches.values(), expected[1:], strict=True):
        np.testing.assert_array_equal(speech.audio.samples, right.audio.samples)


@pytest.mark.parametrize("steps", range(0, 24, 2))
def test_a_request_can_be_cancelled_at_every_step(pipeline: Pipeline, steps: int) -> None:
    """Before it has a row, while it is decoded, when only its sound is missing, and after its end."""
    staying = SpeechRequest("one two three", steps=18, seed=1)
    [expected] = pipeline.synthesize_many([staying])
    kept = pipeline.submit(staying, urgent=True)
    gone = pipeline.submit(SpeechRequest("four", steps=14, seed=2, plan=ChunkPlan(4, 1, 4)), urgent=True)
    events = [event for _ in range(steps) for event in pipeline.step()]
    pipeline.cancel(gone)
    events += run(pipeline)
    ends = [e for e in events if e.index == gone and not isinstance(e, Heard)]
    assert [type(end) for end in ends] == [Completion if steps >= 14 else Failure]
    [speech] = [e.speech for e in events if isinstance(e, Completion) and e.index == kept]
    np.testing.assert_array_equal(speech.audio.samples, expected.audio.samples)
    assert pipeline.active == 0


def test_a_request_that_waits_can_be_cancelled(pipeline: Pipeline, runners: dict[str, FakeRunner]) -> None:
    index = pipeline.submit(SpeechRequest("a sentence of some length"))
    pipeline.cancel(index)
    assert [e.index for e in run(pipeline)] == [index]
    assert runners["encoder"].batches == []


def test_a_late_request_is_given_up(pipeline: Pipeline) -> None:
    late = pipeline.submit(SpeechRequest("hello", steps=190, deadline_seconds=0.0), urgent=True)
    in_time = pipeline.submit(SpeechRequest("hello", deadline_seconds=60.0), urgent=True)
    ends = {e.index: e for e in run(pipeline) if not isinstance(e, Heard)}
    failure = ends[late]
    assert isinstance(failure, Failure) and isinstance(failure.error, DeadlineError)
    assert isinstance(ends[in_time], Completion)

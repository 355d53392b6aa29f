"""The synthesizer over a fake backend: what one row says does not depend on the others."""

from collections.abc import Iterator

import numpy as np
import pytest

from speechtrt.errors import TextError
from speechtrt.runtime.tts.speech import BULK, INTERACTIVE, ChunkPlan, SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer
from speechtrt.runtime.tts.text import FrontEnd
from speechtrt.runtime.tts.voices import Voices
from tests.runtime.fakes import FakeBackend, FakeRunner, LetterEncoder, tts_bundle, tts_stages

VOICES = Voices({"anna": np.array([0.1, 0.2], np.float32), "ben": np.array([0.5, 0.9], np.float32)})


def build(runners: dict[str, FakeRunner], slots: int = 3) -> Synthesizer:
    model = tts_bundle(runners)
    front_end = FrontEnd(LetterEncoder(), model.text.languages, model.limits.max_text)
    return Synthesizer.over(model, FakeBackend(runners), front_end, VOICES, slots)


@pytest.fixture
def runners() -> dict[str, FakeRunner]:
    return tts_stages()


@pytest.fixture
def synthesizer(runners: dict[str, FakeRunner]) -> Iterator[Synthesizer]:
    with build(runners) as synthesizer:
        yield synthesizer


REQUESTS = [
    SpeechRequest("a short one", seed=1),
    SpeechRequest("a much longer sentence than that", seed=2, voice="ben"),
    SpeechRequest("b", seed=3),
    SpeechRequest("two sentences. one request.", seed=4),
    SpeechRequest("x y z", seed=5, plan=INTERACTIVE),
    SpeechRequest("the last one has seven words here", seed=6, plan=ChunkPlan(3, 2, 9)),
]


def test_a_row_is_the_same_alone_and_in_a_batch(synthesizer: Synthesizer) -> None:
    together = synthesizer.synthesize_many(REQUESTS)
    for request, speech in zip(REQUESTS, together, strict=True):
        [alone] = synthesizer.synthesize_many([request])
        assert alone.steps == speech.steps
        np.testing.assert_allclose(alone.audio.samples, speech.audio.samples, atol=1e-6)


@pytest.mark.parametrize("plan", [INTERACTIVE, ChunkPlan(1, 1, 1), ChunkPlan(3, 2, 7), ChunkPlan(5, 1, 5)])
def test_chunks_join_without_a_seam(synthesizer: Synthesizer, plan: ChunkPlan) -> None:
    whole = synthesizer.synthesize("a much longer sentence than that", plan=BULK)
    chunked = synthesizer.synthesize("a much longer sentence than that", plan=plan)
    np.testing.assert_allclose(chunked.audio.samples, whole.audio.samples, atol=1e-6)


def test_a_seed_decides_the_sound(synthesizer: Synthesizer) -> None:
    first, again, other = (synthesizer.synthesize("hello world", seed=s).audio.samples for s in (7, 7, 8))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_a_voice_decides_the_sound(synthesizer: Synthesizer) -> None:
    default, anna, ben = (synthesizer.synthesize("hello", voice=v).audio.samples for v in (None, "anna", "ben"))
    np.testing.assert_array_equal(default, anna)
    assert not np.allclose(anna, ben)


def test_slots_stay_full_while_anyone_waits(runners: dict[str, FakeRunner]) -> None:
    with build(runners, slots=3) as synthesizer:
        synthesizer.synthesize_many([SpeechRequest("hello", steps=n) for n in (2, 9, 4, 6, 5, 1, 3)])
        batches = runners["decoder"].batches
        assert sum(batches) == 30
        assert batches[:8] == [3] * 8
        fill = synthesizer.clock.time("decoder").rows_per_call
    assert fill == pytest.approx(30 / len(batches))


def test_the_short_overtake_the_long(synthesizer: Synthesizer) -> None:
    steps = (20, 2, 9)
    order = [c.index for c in synthesizer.completions([SpeechRequest("hello", steps=n) for n in steps])]
    assert order == [1, 2, 0]


def test_caches_grow_with_speech_and_text(runners: dict[str, FakeRunner]) -> None:
    long, longer = SpeechRequest("a" * 40, steps=190), SpeechRequest("b", steps=150)
    with build(runners) as synthesizer:
        together = synthesizer.synthesize_many([longer, long])
        assert runners["decoder"].bound["self_k_0"].shape[2] == 256
        assert runners["decoder"].bound["cross_k_0"].shape[2] == 64
        alone = [synthesizer.synthesize_many([r])[0] for r in (longer, long)]
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one.audio.samples, other.audio.samples, atol=1e-6)


def test_the_length_limit_is_reported(synthesizer: Synthesizer, runners: dict[str, FakeRunner]) -> None:
    compute = runners["decoder"].compute
    runners["decoder"].compute = lambda x: {**compute(x), "stop": np.zeros((len(x["frame"]), 2))}
    speech = synthesizer.synthesize("hey")
    assert speech.steps == 30
    assert speech.warnings == ("sentence 1 was stopped by the length limit after 30 steps",)


def test_fixed_steps_are_kept(synthesizer: Synthesizer) -> None:
    speech = synthesizer.synthesize("hello", steps=17)
    assert speech.steps == 17
    assert len(speech.audio.samples) == 17 * 2 * 4
    assert speech.warnings == ()


def test_sound_comes_before_the_decoder_is_done(synthesizer: Synthesizer) -> None:
    speech = synthesizer.synthesize("hello", steps=150)
    assert 0 < speech.first_audio_seconds < speech.total_seconds / 2


def test_requests_arrive_while_others_run(synthesizer: Synthesizer) -> None:
    first = synthesizer.submit(SpeechRequest("a sentence that runs", steps=6), urgent=True)
    synthesizer.step()
    second = synthesizer.submit(SpeechRequest("another sentence", steps=2))
    done = []
    while synthesizer.busy:
        done += [c.index for c in synthesizer.step()]
    assert done == [second, first]


def test_an_idle_batch_waits_for_company_but_not_for_a_short_text(synthesizer: Synthesizer) -> None:
    synthesizer.submit(SpeechRequest("a sentence of some length"))
    assert 0 < synthesizer.delay() <= 0.040
    synthesizer.submit(SpeechRequest("short"))
    assert synthesizer.delay() == 0


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
    synthesizer: Synthesizer, runners: dict[str, FakeRunner], request_: SpeechRequest, words: str
) -> None:
    with pytest.raises(TextError, match=words):
        synthesizer.synthesize_many([SpeechRequest("fine"), request_])
    assert not synthesizer.busy
    assert runners["encoder"].batches == []


def test_giving_up_an_iterator_frees_every_slot(synthesizer: Synthesizer) -> None:
    completions = synthesizer.completions(REQUESTS)
    next(completions)
    completions.close()  # type: ignore[attr-defined]
    assert not synthesizer.busy
    assert synthesizer.synthesize("hello").steps > 0


def test_stages_are_closed_at_the_end(runners: dict[str, FakeRunner]) -> None:
    with build(runners):
        pass
    assert all(r.closed for r in runners.values())


def test_chunks_of_one_shape_share_a_pass(synthesizer: Synthesizer, runners: dict[str, FakeRunner]) -> None:
    synthesizer.synthesize_many([SpeechRequest("hello", steps=9, seed=s) for s in range(3)])
    assert runners["vocoder"].batches == [3]


def test_time_is_counted_by_stage(synthesizer: Synthesizer) -> None:
    synthesizer.synthesize("hello")
    stages = [t.stage for t in synthesizer.clock.times()]
    assert stages == ["text", "scheduler", "encoder", "decoder", "postnet", "vocoder"]


def test_speech_ends_where_the_model_stops(synthesizer: Synthesizer) -> None:
    assert [synthesizer.synthesize(text).steps for text in ("hello", "hi")] == [5, 2]


def test_sentences_are_joined_with_a_pause(synthesizer: Synthesizer) -> None:
    speech = synthesizer.synthesize("one. two.", seed=4)
    first = synthesizer.synthesize("one.", seed=4)
    pause = int(0.2 * speech.audio.rate)
    samples, start = speech.audio.samples, len(first.audio.samples)
    np.testing.assert_array_equal(samples[:start], first.audio.samples)
    assert not samples[start : start + pause].any()
    assert len(samples) == pause + speech.steps * 2 * 4

"""The synthesizer as many threads use it at once."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from speechtrt.errors import BackendError, CancelledError, CapacityError, DeadlineError, TextError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.speech import INTERACTIVE, SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer
from tests.runtime.fakes import FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import Gate, build


@pytest.fixture
def runners() -> dict[str, FakeRunner]:
    return tts_stages()


@pytest.fixture
def synthesizer(runners: dict[str, FakeRunner]) -> Iterator[Synthesizer]:
    with Synthesizer.over(build(runners, slots=3), queue=4) as synthesizer:
        yield synthesizer


@pytest.fixture
def gate(runners: dict[str, FakeRunner], synthesizer: Synthesizer) -> Iterator[Gate]:
    gate = Gate.before(runners["decoder"])
    yield gate
    gate.open()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def refused(synthesizer: Synthesizer) -> bool:
    """Whether it takes no more requests."""
    try:
        synthesizer.stream("").close()
    except CapacityError:
        return True
    except TextError:
        return False
    raise AssertionError


def test_every_thread_hears_its_own_text(runners: dict[str, FakeRunner]) -> None:
    texts = [f"{word} {again}" for word in ("one", "two", "three", "four") for again in ("a", "b c", "d e f")]
    gate = Gate.before(runners["decoder"])
    with Synthesizer.over(build(runners, slots=3)) as synthesizer, ThreadPoolExecutor(len(texts)) as threads:
        speaking = threads.map(lambda t: synthesizer.synthesize(t, seed=len(t)), texts)
        until(lambda: synthesizer.requests == len(texts))
        gate.open()
        together = list(speaking)
        for text, speech in zip(texts, together, strict=True):
            alone = synthesizer.synthesize(text, seed=len(text))
            np.testing.assert_allclose(alone.audio.samples, speech.audio.samples, atol=1e-6)
    assert max(runners["decoder"].batches) == 3


def test_a_stream_is_the_speech_in_chunks(synthesizer: Synthesizer) -> None:
    with synthesizer.stream("one two three. four five.", seed=2) as stream:
        chunks = list(stream)
        speech = stream.result()
    assert [c.index for c in chunks] == list(range(len(chunks)))
    np.testing.assert_array_equal(np.concatenate([c.samples for c in chunks]), speech.audio.samples)
    np.testing.assert_array_equal(
        synthesizer.synthesize("one two three. four five.", seed=2).audio.samples, speech.audio.samples
    )
    assert stream.rate == speech.audio.rate == synthesizer.rate
    assert 0 < speech.first_audio_seconds <= speech.total_seconds


def test_sound_is_heard_before_the_decoder_is_done(synthesizer: Synthesizer, gate: Gate) -> None:
    stream = synthesizer.start(SpeechRequest("hello", steps=100, plan=INTERACTIVE))
    gate.let(40)
    assert next(stream).samples.any()
    assert synthesizer.requests == 1


def test_closing_a_stream_frees_its_slot(synthesizer: Synthesizer, gate: Gate) -> None:
    stream = synthesizer.start(SpeechRequest("hello", steps=190))
    gate.let(3)
    stream.close()
    gate.let(1)
    until(lambda: synthesizer.requests == 0)
    with pytest.raises(CancelledError):
        stream.result()
    stream.close()
    gate.open()
    assert synthesizer.synthesize("hi").steps == 2


def test_a_forgotten_stream_frees_its_slot(synthesizer: Synthesizer, gate: Gate) -> None:
    stream = synthesizer.start(SpeechRequest("hello", steps=190))
    gate.let(3)
    del stream
    gc.collect()
    gate.let(1)
    until(lambda: synthesizer.requests == 0)


def test_a_finished_stream_survives_its_closing(synthesizer: Synthesizer) -> None:
    with synthesizer.stream("hello") as stream:
        speech = stream.result()
    assert stream.result() is speech


def test_a_full_queue_refuses_and_recovers(synthesizer: Synthesizer, gate: Gate) -> None:
    streams = [synthesizer.stream("hello", seed=n) for n in range(7)]
    with pytest.raises(CapacityError, match="7 requests are in work or waiting, expected fewer than 7"):
        synthesizer.synthesize("one more")
    gate.open()
    assert [s.result().steps for s in streams] == [5] * 7
    assert synthesizer.synthesize("one more").steps == 8


def test_a_late_request_is_given_up(synthesizer: Synthesizer, gate: Gate) -> None:
    stream = synthesizer.stream("hello", deadline_seconds=0.01)
    time.sleep(0.02)
    gate.open()
    with pytest.raises(DeadlineError):
        stream.result()


def test_what_cannot_be_spoken_is_refused_at_once(synthesizer: Synthesizer, gate: Gate) -> None:
    for text, voice, language in (("", None, None), ("hi", "zoe", None), ("hi", None, "de"), ("\0 \n", None, None)):
        with pytest.raises(TextError):
            synthesizer.stream(text, voice, language=language)
    assert synthesizer.requests == 0


def test_draining_finishes_what_is_in_work_and_takes_no_more(synthesizer: Synthesizer, gate: Gate) -> None:
    stream = synthesizer.stream("hello")
    assert not synthesizer.drain(0.01)
    with pytest.raises(CapacityError, match="shutting down"):
        synthesizer.stream("hello")
    gate.open()
    assert synthesizer.drain()
    assert stream.result().steps == 5


def test_closing_gives_up_what_is_in_work(runners: dict[str, FakeRunner]) -> None:
    gate = Gate.before(runners["decoder"])
    synthesizer = Synthesizer.over(build(runners))
    streams = [synthesizer.stream("hello") for _ in range(5)]
    closing = threading.Thread(target=synthesizer.close)
    closing.start()
    until(lambda: refused(synthesizer))
    gate.open()
    closing.join()
    for stream in streams:
        with pytest.raises(CancelledError):
            stream.result()
    assert all(r.closed for r in runners.values())
    synthesizer.close()


def test_a_broken_engine_ends_its_requests_and_not_the_service(
    synthesizer: Synthesizer, runners: dict[str, FakeRunner]
) -> None:
    decoder = runners["decoder"]
    compute = decoder.compute
    decoder.compute = {}.__getitem__  # type: ignore[assignment]
    with pytest.raises(BackendError, match="the pipeline failed with"):
        synthesizer.synthesize("hello")
    decoder.compute = compute
    assert synthesizer.synthesize("hello").steps == 5


def test_who_comes_while_an_engine_breaks_is_told_too(synthesizer: Synthesizer, runners: dict[str, FakeRunner]) -> None:
    decoder, entered, leave = runners["decoder"], threading.Event(), threading.Event()
    compute = decoder.compute

    def fail(inputs: dict[str, Array]) -> dict[str, Array]:
        entered.set()
        assert leave.wait(30)
        decoder.compute = compute
        raise RuntimeError("broken")

    decoder.compute = fail
    first = synthesizer.stream("hello")
    assert entered.wait(30)
    second = synthesizer.stream("hello")
    leave.set()
    for stream in (first, second):
        with pytest.raises(BackendError, match="broken"):
            stream.result()
    assert synthesizer.synthesize("hello").steps == 5

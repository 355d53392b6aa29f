"""The transcriber over a fake backend: pieces, neighbours and ages of a stream do not change what is heard."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.audio import Audio, Samples
from speechtrt.errors import AudioError, BackendError
from speechtrt.runtime.asr.session import SessionState
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.fakes import FRAME, PIECES, FakeBackend, FakeRunner, ctc_bundle, ctc_stages

RATE = 16000


def build(slots: int = 3, runners: dict[str, FakeRunner] | None = None) -> Transcriber:
    runners = runners or ctc_stages()
    return Transcriber.over(ctc_bundle(runners), FakeBackend(runners), PIECES, 160, slots)


@pytest.fixture
def transcriber() -> Iterator[Transcriber]:
    with build() as transcriber:
        yield transcriber


def noise(samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 20_000), st.lists(st.integers(0, 6000), max_size=12), st.sampled_from([8000, 16000, 44100]))
def test_pieces_sound_like_the_whole(length: int, cuts: list[int], rate: int) -> None:
    pcm = noise(length)
    with build() as transcriber:
        whole = transcriber.transcribe(Audio(pcm, rate))
        stream = transcriber.stream()
        for piece in np.split(pcm, sorted(min(c, length) for c in cuts)):
            stream.accept(piece, rate)
            transcriber.step()
        assert stream.flush() == whole


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8))
def test_a_recording_is_the_same_alone_and_in_a_batch(lengths: list[int]) -> None:
    audios = [Audio(noise(n, seed=i), RATE) for i, n in enumerate(lengths)]
    with build() as transcriber:
        together = transcriber.transcribe_many(audios)
        assert [transcriber.transcribe(a) for a in audios] == together


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5000)), max_size=25))
def test_streams_of_different_ages_share_a_batch(events: list[tuple[int, int]]) -> None:
    with build(slots=3) as transcriber:
        streams = [transcriber.stream() for _ in range(3)]
        heard: list[list[Samples]] = [[], [], []]
        for number, (index, count) in enumerate(events):
            piece = noise(count, seed=number)
            streams[index].accept(piece, RATE)
            heard[index].append(piece)
            transcriber.step()
        live = [stream.flush() for stream in streams]
    with build() as alone:
        audios = [Audio(np.concatenate([np.zeros(0, np.float32), *pieces]), RATE) for pieces in heard]
        assert [t.words for t in live] == [alone.transcribe(a).words for a in audios]


def test_a_stream_has_as_many_frames_as_its_samples_ask_for(transcriber: Transcriber) -> None:
    for samples in (0, 1, 319, 320, FRAME, 2 * FRAME + 20, 2 * FRAME + 40, 5 * FRAME, 5 * FRAME + 1):
        stream = transcriber.stream()
        stream.accept(noise(samples), RATE)
        stream.flush()
        assert stream._session._decoder.frames == (samples // 160 + 14) // 8


def test_silence_has_no_words(transcriber: Transcriber) -> None:
    runners = ctc_stages()
    compute = runners["step_160"].compute
    blank = np.eye(len(PIECES) + 1, dtype=np.float32)[-1] - 1
    runners["step_160"].compute = lambda x: {**compute(x), "log_probs": np.broadcast_to(blank, (len(x["pcm"]), 2, 5))}
    with build(runners=runners) as silent:
        transcript = silent.transcribe(Audio(noise(10_000), RATE))
    assert (transcript.text, transcript.words, transcript.duration_seconds) == ("", (), 0.625)


def test_recordings_finish_when_they_are_short(transcriber: Transcriber) -> None:
    audios = [Audio(noise(n * FRAME), RATE) for n in (20, 3, 9, 1)]
    assert [t.index for t in transcriber.completions(audios)] == [1, 3, 2, 0]


def test_a_flushed_stream_gives_its_slot_back(transcriber: Transcriber) -> None:
    for _ in range(10):
        stream = transcriber.stream()
        stream.accept(noise(5000), RATE)
        stream.flush()
        assert stream.state is SessionState.FLUSHED


def test_a_closed_stream_gives_its_slot_back(transcriber: Transcriber) -> None:
    for _ in range(10):
        with transcriber.stream() as stream:
            stream.accept(noise(5000), RATE)
    assert stream.state is SessionState.CLOSED


def test_more_streams_than_slots_are_refused(transcriber: Transcriber) -> None:
    streams = [transcriber.stream() for _ in range(3)]
    with pytest.raises(BackendError, match="all 3 slots"):
        transcriber.stream()
    with pytest.raises(BackendError, match="all 3 slots"):
        transcriber.transcribe(Audio(noise(10), RATE))
    streams[1].close()
    transcriber.transcribe(Audio(noise(10), RATE))


def test_an_ended_stream_takes_no_audio(transcriber: Transcriber) -> None:
    stream = transcriber.stream()
    stream.flush()
    with pytest.raises(AudioError, match="flushed"):
        stream.accept(noise(10), RATE)
    with pytest.raises(AudioError, match="flushed"):
        stream.flush()
    stream.close()
    with pytest.raises(AudioError, match="closed"):
        stream.accept(noise(10), RATE)


def test_bad_samples_are_refused(transcriber: Transcriber) -> None:
    stream = transcriber.stream()
    with pytest.raises(AudioError, match="mono"):
        stream.accept(np.zeros((2, 2), np.float32), RATE)
    with pytest.raises(AudioError, match="int16"):
        stream.accept(np.zeros(2, np.int16), RATE)
    with pytest.raises(AudioError, match="NaN"):
        stream.accept(np.array([np.nan], np.float32), RATE)
    with pytest.raises(AudioError, match="4000"):
        stream.accept(noise(10), 100)
    stream.accept(noise(10), RATE)
    with pytest.raises(AudioError, match="changed"):
        stream.accept(noise(10), 8000)


def test_a_bad_recording_leaves_no_slot_taken(transcriber: Transcriber) -> None:
    with pytest.raises(AudioError):
        transcriber.transcribe_many([Audio(noise(10), RATE), Audio(np.array([np.inf], np.float32), RATE)])
    assert len(transcriber.transcribe_many([Audio(noise(10), RATE)] * 4)) == 4


def test_an_unknown_chunk_is_refused_with_the_known_ones() -> None:
    runners = ctc_stages()
    with pytest.raises(BackendError, match="no chunk of 300 ms; it has 160"):
        Transcriber.over(ctc_bundle(runners), FakeBackend(runners), PIECES, 300, 2)


def test_no_slots_are_refused() -> None:
    with pytest.raises(BackendError, match="0 slots"):
        build(slots=0)


def test_a_stream_tells_when_it_has_work(transcriber: Transcriber) -> None:
    stream = transcriber.stream()
    assert stream.state is SessionState.OPEN
    stream.accept(noise(1000), RATE)
    assert not stream.ready and transcriber.step() == 0
    stream.accept(noise(9000), RATE)
    assert stream.ready and transcriber.step() == 1

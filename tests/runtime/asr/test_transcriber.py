"""The transcriber over a fake backend: pieces, neighbours and ages of a stream do not change what is heard."""

from collections.abc import Iterator
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.audio import Audio, Samples
from speechtrt.errors import AudioError, BackendError, CapacityError
from speechtrt.runtime.asr.channel import StreamState
from speechtrt.runtime.asr.lanes import Plan
from speechtrt.runtime.asr.options import RECORDING, StreamOptions
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.asr.streams import RATE, fake_transcriber, finish, noise, words_of
from tests.runtime.fakes import FRAME, PIECES, FakeBackend, ctc_bundle, ctc_stages


@pytest.fixture(scope="module")
def transcriber() -> Iterator[Transcriber]:
    with fake_transcriber() as transcriber:
        yield transcriber


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 20_000), st.lists(st.integers(0, 6000), max_size=12), st.sampled_from([8000, 16000, 44100]))
def test_pieces_sound_like_the_whole(transcriber: Transcriber, length: int, cuts: list[int], rate: int) -> None:
    pcm = noise(length)
    whole = transcriber.transcribe(Audio(pcm, rate))
    with transcriber.stream(RECORDING) as stream:
        for piece in np.split(pcm, sorted(min(c, length) for c in cuts)):
            stream.accept(piece, rate)
        assert words_of(finish(stream)) == whole.words


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=8))
def test_a_recording_is_the_same_alone_and_in_a_batch(transcriber: Transcriber, lengths: list[int]) -> None:
    audios = [Audio(noise(n, seed=i), RATE) for i, n in enumerate(lengths)]
    together = transcriber.transcribe_many(audios)
    assert [transcriber.transcribe(a) for a in audios] == together


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5000)), max_size=25))
def test_streams_of_different_ages_share_a_batch(transcriber: Transcriber, events: list[tuple[int, int]]) -> None:
    streams = [transcriber.stream(RECORDING) for _ in range(3)]
    heard: list[list[Samples]] = [[], [], []]
    for number, (index, count) in enumerate(events):
        piece = noise(count, seed=number)
        streams[index].accept(piece, RATE)
        heard[index].append(piece)
    live = [words_of(finish(stream)) for stream in streams]
    audios = [Audio(np.concatenate([np.zeros(0, np.float32), *pieces]), RATE) for pieces in heard]
    assert live == [transcriber.transcribe(a).words for a in audios]


@pytest.fixture(scope="module")
def two_lanes() -> Iterator[Transcriber]:
    with fake_transcriber(slots=5, workers=2) as transcriber:
        yield transcriber


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-1, 4), max_size=25))
def test_every_place_is_heard_alike_whoever_had_it_before(two_lanes: Transcriber, moves: list[int]) -> None:
    """A move below zero opens a stream that speaks, another lets one go that is open; those who stay are heard."""
    here, audios = list[Stream](), list[Audio]()
    for number, move in enumerate(moves):
        if move < 0 and len(here) < 5:
            here.append(two_lanes.stream(RECORDING))
            audios.append(Audio(noise(FRAME * (2 + number), seed=number), RATE))
            here[-1].accept(audios[-1].samples, RATE)
        elif here and move >= 0:
            here.pop(move % len(here)).close()
            audios.pop(move % len(audios))
    live = [words_of(finish(stream)) for stream in here]
    assert live == [two_lanes.transcribe(audio).words for audio in audios]
    assert two_lanes.places.taken == 0


def test_silence_has_no_words() -> None:
    runners = ctc_stages()
    compute = runners["step_160"].compute
    blank = np.eye(len(PIECES) + 1, dtype=np.float32)[-1] - 1
    runners["step_160"].compute = lambda x: {**compute(x), "log_probs": np.broadcast_to(blank, (len(x["pcm"]), 2, 5))}
    with fake_transcriber(runners=runners) as silent:
        transcript = silent.transcribe(Audio(noise(10_000), RATE))
        with silent.stream() as stream:
            stream.accept(noise(90_000), RATE)
            assert finish(stream) == []
    assert (transcript.text, transcript.words, transcript.duration_seconds) == ("", (), 0.625)


def test_recordings_finish_when_they_are_short() -> None:
    everybody_is_here = Event()

    def arrivals() -> Iterator[Audio]:
        yield from (Audio(noise(n * FRAME), RATE) for n in (200, 3, 90, 1))
        everybody_is_here.set()

    runners = ctc_stages()
    compute = runners["step_160"].compute
    runners["step_160"].compute = lambda x: compute(x) if everybody_is_here.wait(60) else {}
    with fake_transcriber(slots=5, runners=runners) as transcriber:
        assert [t.index for t in transcriber.completions(arrivals())][-2:] == [2, 0]


def test_an_ended_stream_gives_its_place_back(transcriber: Transcriber) -> None:
    for _ in range(10):
        stream = transcriber.stream()
        stream.accept(noise(5000), RATE)
        finish(stream)
        assert stream.state is StreamState.CLOSED and stream.over
    assert transcriber.places.taken == 0


def test_a_closed_stream_gives_its_place_back(transcriber: Transcriber) -> None:
    for _ in range(10):
        with transcriber.stream() as stream:
            stream.accept(noise(5000), RATE)
    assert stream.state is StreamState.CLOSED
    stream.close()
    assert transcriber.places.taken == 0


def test_more_streams_than_places_are_refused(transcriber: Transcriber) -> None:
    streams = [transcriber.stream() for _ in range(3)]
    with pytest.raises(CapacityError, match="all 3 slots"):
        transcriber.stream()
    with pytest.raises(CapacityError, match="all 3 slots"):
        transcriber.transcribe(Audio(noise(10), RATE))
    streams[1].close()
    transcriber.transcribe_many([Audio(noise(10), RATE)] * 5)
    streams[0].close()
    streams[2].close()


def test_an_ended_stream_takes_no_audio(transcriber: Transcriber) -> None:
    stream = transcriber.stream()
    finish(stream)
    for call in (stream.end, lambda: stream.accept(noise(10), RATE)):
        with pytest.raises(AudioError, match="the stream is closed; expected an open one"):
            call()


def test_bad_samples_harm_their_stream_alone(transcriber: Transcriber) -> None:
    whole = transcriber.transcribe(Audio(noise(30_000), RATE))
    stream, other = transcriber.stream(RECORDING), transcriber.stream(RECORDING)
    other.accept(noise(20_000), RATE)
    with pytest.raises(AudioError, match="mono"):
        stream.accept(np.zeros((2, 2), np.float32), RATE)
    with pytest.raises(AudioError, match="uint8"):
        stream.accept(np.zeros(2, np.uint8), RATE)
    with pytest.raises(AudioError, match="NaN"):
        stream.accept(np.array([np.nan], np.float32), RATE)
    for rate in (100, 0, -8000, 10**9):
        with pytest.raises(AudioError, match="4000"):
            stream.accept(noise(10), rate)
    stream.accept(noise(10), RATE)
    with pytest.raises(AudioError, match="changed"):
        stream.accept(noise(10), 8000)
    stream.close()
    other.accept(noise(30_000)[20_000:], RATE)
    assert words_of(finish(other)) == whole.words


def test_a_bad_recording_leaves_no_place_taken(transcriber: Transcriber) -> None:
    with pytest.raises(AudioError):
        transcriber.transcribe_many([Audio(noise(10), RATE), Audio(np.array([np.inf], np.float32), RATE)])
    assert len(transcriber.transcribe_many([Audio(noise(10), RATE)] * 4)) == 4


def test_an_unknown_chunk_is_refused_with_the_known_ones(transcriber: Transcriber) -> None:
    runners = ctc_stages()
    with pytest.raises(BackendError, match="no chunk of 300 ms; it has 160"):
        Transcriber.over(ctc_bundle(runners), FakeBackend(runners), PIECES, Plan((300,), 2, 2, 1, 0.0))
    with pytest.raises(BackendError, match="no chunk of 560 ms is open; expected one of 160"):
        transcriber.stream(StreamOptions(chunk_milliseconds=560))


def test_no_slots_are_refused() -> None:
    with pytest.raises(BackendError, match="0 slots"):
        fake_transcriber(slots=0)


def test_a_closed_transcriber_ends_its_streams() -> None:
    transcriber = fake_transcriber()
    stream = transcriber.stream()
    stream.accept(noise(100), RATE)
    transcriber.close()
    with pytest.raises(BackendError, match="was closed while the stream was open"):
        list(stream)
    with pytest.raises(BackendError, match="was closed while the stream was open"):
        stream.accept(noise(100), RATE)
    with pytest.raises(BackendError, match="the transcriber is closed; open another"):
        transcriber.stream()
    transcriber.close()

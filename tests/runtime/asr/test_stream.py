"""A live stream's events, its buffer, and its life in an event loop."""

import asyncio
import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from speechtrt.audio import Audio
from speechtrt.errors import AudioError, BackendError, CapacityError
from speechtrt.runtime.asr.async_stream import AsyncStream
from speechtrt.runtime.asr.events import Cause, Event, Final, Partial
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.outbox import MOST_UNREAD, Outbox
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.backends.base import Array
from tests.runtime.asr.streams import RATE, fake_transcriber, finish, noise, words_of
from tests.runtime.fakes import FRAME, FakeRunner, ctc_stages


@pytest.fixture(scope="module")
def transcriber() -> Iterator[Transcriber]:
    with fake_transcriber(slots=8, workers=2) as transcriber:
        yield transcriber


def stuck_runner(go_on: threading.Event) -> FakeRunner:
    runner = ctc_stages()["step_160"]
    compute = runner.compute

    def wait(x: dict[str, Array]) -> dict[str, Array]:
        assert go_on.wait(60)
        return compute(x)

    runner.compute = wait
    return runner


def test_partials_grow_into_finals(transcriber: Transcriber) -> None:
    stream, events = transcriber.stream(), list[Event]()
    for index in range(60):
        stream.accept(noise(FRAME, seed=index), RATE)
        if event := stream.next(timeout=0.02):
            events.append(event)
    events += finish(stream)
    assert [e.cause for e in events if isinstance(e, Final)] == [Cause.END]
    for before, after in pairwise(events):
        if isinstance(before, Partial) and isinstance(after, Partial):
            assert after.stable.startswith(before.stable) and after.seconds > before.seconds
        if isinstance(before, Partial) and isinstance(after, Final):
            assert after.utterance == before.utterance and after.cause is Cause.END
            assert after.text.startswith(before.text)


def test_an_unread_partial_is_replaced_and_a_final_is_not() -> None:
    outbox = Outbox()
    final = Final(0, "a", (), 0.0, 1.0, Cause.SILENCE)
    events: list[Event] = [Partial(0, "a", "", 0.1), Partial(0, "ab", "", 0.2), final, final, Partial(1, "c", "", 0.3)]
    for event in events:
        outbox.put(event)
    assert outbox.drain() == events[1:]


def test_bytes_in_odd_pieces_sound_like_samples(transcriber: Transcriber) -> None:
    pcm = (noise(20_000) * 32767).astype(np.int16)
    expected = transcriber.transcribe(Audio((pcm / 32768).astype(np.float32), RATE)).words
    stream, data = transcriber.stream(), pcm.tobytes()
    for start in range(0, len(data), 1371):
        stream.accept(data[start : start + 1371], RATE)
    assert words_of(finish(stream)) == expected
    samples = transcriber.stream()
    samples.accept(pcm, RATE)
    assert words_of(finish(samples)) == expected


def test_half_a_sample_at_the_end_is_an_error_and_the_stream_stays_open(transcriber: Transcriber) -> None:
    with transcriber.stream() as stream:
        stream.accept(b"abc", RATE)
        with pytest.raises(AudioError, match="ended 1 bytes into a sample"):
            stream.end()
        stream.accept(b"d", RATE)
        finish(stream)


def test_a_full_stream_waits_and_says_so() -> None:
    go_on = threading.Event()
    with fake_transcriber(runners={"step_160": stuck_runner(go_on)}) as transcriber:
        stream = transcriber.stream(StreamOptions(buffer_seconds=0.5))
        stream.accept(noise(RATE), RATE)
        assert stream.full and stream.backlog > 0.5
        with pytest.raises(CapacityError, match="s of the stream's audio wait already"):
            stream.accept(noise(10), RATE, timeout=0.05)
        go_on.set()
        stream.accept(noise(10), RATE)
        finish(stream)


def test_settling_waits_for_what_can_be_heard_and_for_no_more() -> None:
    go_on = threading.Event()
    with fake_transcriber(runners={"step_160": stuck_runner(go_on)}) as transcriber, transcriber.stream() as stream:
        assert stream.settle(timeout=0.0)
        stream.accept(noise(FRAME // 2), RATE)
        assert stream.settle(timeout=0.0), "half a chunk cannot be heard"
        cutter = stream.channel.cutter
        stream.accept(noise(cutter.chunk.window - cutter.pending), RATE)
        assert not stream.settle(timeout=0.1), "the one chunk is at work"
        go_on.set()
        assert stream.settle(timeout=60)
        assert stream.channel.session.next_frame == cutter.chunk.frames


def test_an_owner_who_never_reads_loses_the_stream_and_nobody_else(transcriber: Transcriber) -> None:
    stream, other = transcriber.stream(), transcriber.stream()
    event = Final(0, "a", (), 0.0, 1.0, Cause.SILENCE)
    for _ in range(MOST_UNREAD + 1):
        stream.channel.outbox.put(event)
    stream.accept(noise(10 * FRAME), RATE)
    assert stream.settle(timeout=60)
    assert not stream.channel.open
    with pytest.raises(CapacityError, match="events of the stream are unread"):
        stream.accept(noise(10), RATE)
    assert len(stream.poll()) == MOST_UNREAD
    with pytest.raises(CapacityError, match="unread"):
        stream.poll()
    other.accept(noise(20_000), RATE)
    assert words_of(finish(other)) == transcriber.transcribe(Audio(noise(20_000), RATE)).words


def test_an_engine_that_fails_ends_the_streams_of_its_batch_alone() -> None:
    runners = ctc_stages()
    compute, broken = runners["step_160"].compute, [True]

    def fail_once(x: dict[str, Array]) -> dict[str, Array]:
        if broken and broken.pop():
            raise BackendError("stage step_160 failed")
        return compute(x)

    runners["step_160"].compute = fail_once
    with fake_transcriber(runners=runners) as transcriber:
        first = transcriber.stream()
        first.accept(noise(10 * FRAME), RATE)
        with pytest.raises(BackendError, match="stage step_160 failed"):
            list(first)
        assert transcriber.transcribe(Audio(noise(20_000), RATE)).text


def test_many_threads_share_a_transcriber(transcriber: Transcriber) -> None:
    expected = [transcriber.transcribe(Audio(noise(30_000, seed=i), RATE)).words for i in range(8)]
    found: dict[int, object] = {}

    def speak(index: int) -> None:
        with transcriber.stream() as stream:
            for piece in np.array_split(noise(30_000, seed=index), 40):
                stream.accept(piece, RATE)
            found[index] = words_of(finish(stream))

    threads = [threading.Thread(target=speak, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[i] for i in range(8)] == expected


def test_ten_thousand_opens_and_closes_leave_nothing_behind(transcriber: Transcriber) -> None:
    for index in range(10_000):
        stream = transcriber.stream()
        stream.accept(b"abc", RATE)
        if index % 1000 == 0:
            finish(stream) if index % 2 else stream.close()
        stream.close()
    assert transcriber.places.taken == 0
    assert len(transcriber.transcribe_many([Audio(noise(5000), RATE)] * 8)) == 8
    deadline = time.monotonic() + 60
    while any(lane.streams for lane in transcriber._lanes.lanes) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [lane.streams for lane in transcriber._lanes.lanes] == [0, 0]


async def _listen(stream: AsyncStream, seed: int) -> list[Event]:
    async def send() -> None:
        for piece in np.array_split(noise(30_000, seed=seed), 20):
            await stream.accept(piece, RATE)
            await asyncio.sleep(0)
        stream.end()

    sending = asyncio.create_task(send())
    events = [event async for event in stream]
    await sending
    return events


def test_streams_in_an_event_loop(transcriber: Transcriber) -> None:
    expected = [transcriber.transcribe(Audio(noise(30_000, seed=i), RATE)).words for i in range(8)]

    async def listen_to_all() -> list[list[Event]]:
        before = set(threading.enumerate())
        streams = [transcriber.stream_async(StreamOptions(buffer_seconds=0.3)) for _ in range(8)]
        found = await asyncio.gather(*(_listen(stream, i) for i, stream in enumerate(streams)))
        assert set(threading.enumerate()) <= before
        return found

    assert [words_of(events) for events in asyncio.run(listen_to_all())] == expected


def test_a_client_that_vanishes_from_the_event_loop_harms_nobody(transcriber: Transcriber) -> None:
    async def vanish() -> None:
        async with transcriber.stream_async() as stream:
            await stream.accept(noise(9000), RATE)

    asyncio.run(vanish())

    async def leave_open() -> AsyncStream:
        return transcriber.stream_async()

    orphan = asyncio.run(leave_open())
    orphan.stream.accept(noise(9000), RATE)
    assert asyncio.run(transcriber.transcribe_async(Audio(noise(9000), RATE))).duration_seconds > 0
    orphan.close()

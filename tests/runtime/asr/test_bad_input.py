"""Streams that send rubbish, too much, too little or for ever: who errs is told so, and nobody else notices."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Samples
from speechtrt.errors import AudioError, CapacityError, SpeechTRTError
from speechtrt.runtime.asr.channel import Channel
from speechtrt.runtime.asr.decoding.base import Frames, Labels, LogProbs
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.events import Final
from speechtrt.runtime.asr.options import LIVE, StreamOptions
from speechtrt.runtime.asr.outbox import MOST_UNREAD
from speechtrt.runtime.asr.pcm import Encoding
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.asr.streams import RATE, fake_transcriber, finish, noise, words_of
from tests.runtime.asr.test_stream import stuck_runner
from tests.runtime.fakes import FRAME

CHUNK = 2560  # samples of 160 ms


@dataclass
class Recorder(GreedyDecoder):
    """Keeps what the engine said, to the bit."""

    log_probs: list[LogProbs] = field(default_factory=list)

    def accept(self, frames: Frames) -> None:
        self.log_probs += list(frames.log_probs.copy())
        super().accept(frames)


def garbage(stream: Stream) -> None:
    stream.accept(np.random.default_rng(0).bytes(40_001), RATE)


def odd_bytes(stream: Stream) -> None:
    for size in (1, 3, 777, 0, 5):
        stream.accept(b"\x7f" * size, RATE)
    stream.end()


def not_a_number(stream: Stream) -> None:
    stream.accept(noise(CHUNK * 2), RATE)
    stream.accept(np.array([0.1, np.nan], np.float32), RATE)


def infinite(stream: Stream) -> None:
    stream.accept(np.array([np.inf]), RATE)


def deafening(stream: Stream) -> None:
    stream.accept(np.full(CHUNK * 4, 1e30, np.float32), RATE)


def absurd_rate(stream: Stream) -> None:
    stream.accept(noise(CHUNK), 10**9)


def another_rate(stream: Stream) -> None:
    stream.accept(noise(CHUNK * 3), RATE)
    stream.accept(noise(CHUNK), 8000)


def two_channels(stream: Stream) -> None:
    stream.accept(np.zeros((CHUNK, 2), np.float32), RATE)


def vanishing(stream: Stream) -> None:
    stream.accept(noise(CHUNK * 3 + 17), RATE)
    stream.close()


def ended_twice(stream: Stream) -> None:
    stream.end()
    stream.end()


MISCHIEF: tuple[tuple[Callable[[Stream], None], str | None], ...] = (
    (garbage, None),
    (odd_bytes, None),
    (not_a_number, "found NaN, infinite or deafening samples"),
    (infinite, "found NaN, infinite or deafening samples"),
    (deafening, "expected values in"),
    (absurd_rate, "found a sample rate of 1000000000 Hz; expected 4000 to 384000"),
    (another_rate, "the sample rate changed to 8000 Hz; expected 16000 Hz as before"),
    (two_channels, "expected mono"),
    (vanishing, None),
    (ended_twice, "expected an open one"),
)


def heard(transcriber: Transcriber, beside: Callable[[], None]) -> LogProbs:
    """What the engine says of a stream while something happens beside it."""
    recorders: list[Recorder] = []

    def recorder(labels: Labels) -> Recorder:
        recorders.append(Recorder(labels))
        return recorders[-1]

    stream = transcriber.stream(StreamOptions(160, decoding=recorder))
    for piece in np.array_split(noise(CHUNK * 12, seed=1), 10):
        stream.accept(piece, RATE)
        beside()
    finish(stream)
    return np.array(recorders[0].log_probs)


@pytest.fixture(scope="module")
def engines(tiny_ctc_engines: Path) -> Iterator[Transcriber]:
    with Transcriber.open(tiny_ctc_engines, (160,), slots=16, workers=1) as transcriber:
        yield transcriber


@pytest.mark.parametrize(("mischief", "error"), MISCHIEF, ids=[m.__name__ for m, _ in MISCHIEF])
def test_mischief_is_told_to_its_own_stream_and_changes_nobodys_bits(
    engines: Transcriber, mischief: Callable[[Stream], None], error: str | None
) -> None:
    raised: list[str] = []

    def misbehave() -> None:
        with engines.stream() as stream:
            try:
                mischief(stream)
            except SpeechTRTError as told:
                raised.append(str(told))

    alone = heard(engines, lambda: None)
    assert np.array_equal(heard(engines, misbehave), alone) and len(alone) > 20
    assert len(raised) == (10 if error else 0)
    assert all((error or "") in line and "\n" not in line for line in raised)


def test_a_stream_goes_on_after_audio_that_was_refused(engines: Transcriber) -> None:
    good = noise(CHUNK * 6, seed=3)
    with engines.stream() as stream, engines.stream() as other:
        for piece in np.array_split(good, 4):
            for bad in (np.array([np.nan]), np.array([1e30])):
                with pytest.raises(AudioError):
                    stream.accept(bad, RATE)
            stream.accept(piece, RATE)
            other.accept(piece, RATE)
        assert words_of(finish(stream)) == words_of(finish(other))


def floats(samples: Samples) -> bytes:
    return samples.astype("<f4").tobytes()


def test_garbage_as_floats_is_refused_or_heard_but_never_spreads(engines: Transcriber) -> None:
    random = np.random.default_rng(5)
    with engines.stream(StreamOptions(encoding=Encoding.FLOAT32)) as stream:
        for _ in range(20):
            with pytest.raises(AudioError, match="NaN, infinite or deafening"):
                stream.accept(random.bytes(4 * CHUNK), RATE)
        stream.accept(floats(noise(CHUNK * 3)), RATE)
        finish(stream)


@pytest.fixture
def fake() -> Iterator[Transcriber]:
    with fake_transcriber(slots=4) as transcriber:
        yield transcriber


def held(stream: Stream) -> tuple[int, int, int]:
    """Samples, events and tokens that a stream keeps."""
    channel = stream.channel
    tokens = len(channel.session.decoder.stable) + len(channel.session._carried)
    return len(channel.cutter._buffer), len(channel.outbox._events), tokens


@pytest.mark.parametrize("sound", ["silence", "speech"])
def test_an_hour_needs_no_more_memory_than_a_minute(fake: Transcriber, sound: str) -> None:
    second = np.zeros(RATE, np.float32) if sound == "silence" else noise(RATE)
    stream, sizes, finals = fake.stream(), list[tuple[int, int, int]](), 0
    for number in range(3600):
        stream.accept(second, RATE)
        finals += sum(isinstance(event, Final) for event in stream.poll())
        if number % 60 == 59:
            sizes.append(held(stream))
    finals += sum(isinstance(event, Final) for event in finish(stream))
    samples, events, tokens = (max(column) for column in zip(*sizes, strict=True))
    assert samples <= 2 * 32 * RATE and events <= MOST_UNREAD and tokens <= 1000
    assert stream.intake.seconds == 3600 and finals >= 1
    assert fake.places.taken == 0


def test_audio_faster_than_it_is_heard_waits_outside() -> None:
    go_on = threading.Event()
    with fake_transcriber(slots=2, runners={"step_160": stuck_runner(go_on)}) as transcriber:
        stream, refused = transcriber.stream(), 0
        for _ in range(200):
            try:
                stream.accept(noise(RATE), RATE, timeout=0)
            except CapacityError as error:
                assert "send no faster than it is heard" in str(error)
                refused += 1
        assert refused > 150 and len(stream.channel.cutter._buffer) <= 2 * (LIVE.buffer_seconds + 2) * RATE
        go_on.set()
        finish(stream)


def test_ten_thousand_streams_leave_no_channel_behind(fake: Transcriber) -> None:
    for number in range(10_000):
        stream = fake.stream()
        if number % 7 == 0:
            stream.accept(noise(FRAME * 3 + number % 100), RATE)
        stream.close()
    del stream
    [lane] = fake._lanes.lanes
    deadline = time.monotonic() + 60
    while lane.streams and time.monotonic() < deadline:
        time.sleep(0.01)
    gc.collect()
    assert sum(type(thing) is Channel for thing in gc.get_objects()) <= 16
    with lane.lock:  # its thread forgets a stream first and then frees its row
        assert [bank.rows.owners for bank in lane.banks.values()] == [()]

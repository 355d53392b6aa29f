"""What each rung of the overload ladder does to streams."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from speechtrt.audio import Audio
from speechtrt.bundle import CtcSpec
from speechtrt.errors import CapacityError
from speechtrt.runtime.asr.decoding.base import Labels
from speechtrt.runtime.asr.decoding.beam import BeamDecoder
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.decoding.options import DecodingOptions
from speechtrt.runtime.asr.events import Degraded
from speechtrt.runtime.asr.lanes import Plan
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.policy.overload import LadderRules, Rung
from tests.runtime.asr.streams import RATE, ManyRunners, noise
from tests.runtime.fakes import FRAME, PIECES, ctc_bundle, ctc_stages

RULES = LadderRules(climb_seconds=1.0, calm_seconds=5.0)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class NarrowDecoder(GreedyDecoder):
    """Notes how narrow it was told to be."""

    told: list[bool]

    def narrow(self, on: bool) -> None:
        self.told.append(on)


def two_chunks(clock: Clock) -> Transcriber:
    """A fake whose one stage serves as a small and as a large chunk."""
    runners = ctc_stages()
    bundle = ctc_bundle(runners)
    assert bundle.ctc is not None
    [chunk] = bundle.ctc.chunks
    both = CtcSpec(bundle.ctc.blank, 0.08, (replace(chunk, milliseconds=80), chunk))
    plan = Plan((80, 160), 4, 4, 1, 0.0)
    return Transcriber.over(replace(bundle, ctc=both), ManyRunners(runners), PIECES, plan, rules=RULES, now=clock)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def transcriber(clock: Clock) -> Iterator[Transcriber]:
    with two_chunks(clock) as transcriber:
        yield transcriber


def climb(transcriber: Transcriber, clock: Clock, rung: Rung) -> None:
    """Bad news until the ladder stands at `rung`."""
    while transcriber.relief.rung < rung:
        clock.now += 0.3
        transcriber.relief.observe([0.5])


def test_every_rung_is_told_to_open_streams(transcriber: Transcriber, clock: Clock) -> None:
    stream = transcriber.stream()
    climb(transcriber, clock, Rung.REFUSE)
    told = [event for event in stream.poll() if isinstance(event, Degraded)]
    assert [event.rung for event in told] == [1, 2, 3, 4, 5]
    assert told[-1].action == "new streams are refused" and "p95 500 ms" in told[-1].reason
    clock.now += 60
    assert transcriber.relief.look() == Rung.NORMAL
    [back] = stream.poll()
    assert isinstance(back, Degraded) and (back.rung, back.reason) == (0, "the load has fallen")
    assert transcriber.relief.changes == 6
    assert [rung for _, rung in transcriber.relief.history] == [1, 2, 3, 4, 5, 0]
    assert transcriber.relief.history[-1][0] == clock.now


def test_rung_1_narrows_the_beams_of_all_streams_and_widens_them_again(transcriber: Transcriber, clock: Clock) -> None:
    decoders: list[NarrowDecoder] = []

    def decoding(labels: Labels) -> NarrowDecoder:
        decoders.append(NarrowDecoder(labels))
        decoders[-1].told = []
        return decoders[-1]

    stream = transcriber.stream(StreamOptions(decoding=decoding))
    for rung, told in ((Rung.NORMAL, []), (Rung.NARROW_BEAM, [True]), (Rung.NORMAL, [True, False])):
        climb(transcriber, clock, rung)
        clock.now += 0 if rung else 60
        transcriber.relief.look()
        stream.accept(noise(FRAME * 6, seed=int(clock.now)), RATE)
        assert stream.settle(timeout=60)
        assert decoders[0].told == told
    stream.close()


def test_rung_1_shrinks_the_beam_of_a_stream_that_is_open(transcriber: Transcriber, clock: Clock) -> None:
    stream = transcriber.stream(StreamOptions(decoding=DecodingOptions(beam=8), partials=False))
    decoder, widths = stream.channel.session.decoder, []
    assert isinstance(decoder, BeamDecoder)
    for rung in (Rung.NORMAL, Rung.NARROW_BEAM, Rung.NORMAL):
        climb(transcriber, clock, rung)
        clock.now += 0 if rung else 60
        transcriber.relief.look()
        before = stream.channel.session.next_frame
        for seed in range(20):
            stream.accept(noise(FRAME, seed), RATE)
        assert stream.settle(timeout=60)
        assert stream.channel.session.next_frame >= before + 15
        widths.append(decoder.kept)
    stream.close()
    assert widths[1] <= 2 < widths[0] and widths[2] > 2


def test_rung_2_gives_new_streams_the_largest_chunk(transcriber: Transcriber, clock: Clock) -> None:
    small = StreamOptions(chunk_milliseconds=80)
    assert transcriber.stream(small).channel.cutter.chunk.milliseconds == 80
    climb(transcriber, clock, Rung.LARGER_CHUNK)
    assert transcriber.stream(small).channel.cutter.chunk.milliseconds == 160


def test_rung_3_sends_new_streams_to_the_smaller_model(transcriber: Transcriber, clock: Clock) -> None:
    with two_chunks(clock) as smaller:
        transcriber.smaller = smaller
        transcriber.stream()
        assert (transcriber.places.taken, smaller.places.taken) == (1, 0)
        climb(transcriber, clock, Rung.SMALLER_MODEL)
        transcriber.stream()
        assert (transcriber.places.taken, smaller.places.taken) == (1, 1)
        transcriber.transcribe(Audio(noise(1000), RATE))  # recordings can wait


def test_rung_4_drops_and_gives_back(transcriber: Transcriber, clock: Clock) -> None:
    [lane] = transcriber.relief.lanes
    climb(transcriber, clock, Rung.DROP_OLDEST)
    assert lane.keep == 1.0 and lane.narrow
    clock.now += 60
    transcriber.relief.look()
    assert lane.keep is None and not lane.narrow


def test_rung_5_refuses_new_streams_and_keeps_the_old(transcriber: Transcriber, clock: Clock) -> None:
    old = transcriber.stream()
    climb(transcriber, clock, Rung.REFUSE)
    with pytest.raises(CapacityError, match=r"refused: the machine is overloaded \(p95 500 ms.*try again later"):
        transcriber.stream()
    transcriber.stream(StreamOptions(admitted=True)).close()
    old.accept(noise(9000), RATE)
    clock.now += 60
    transcriber.stream()

"""A lane under every order of opens, pushes, drops, ends, closes and steps, on one thread and a clock of the test."""

from contextlib import ExitStack
from threading import Condition

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from speechtrt.audio import Samples
from speechtrt.runtime.asr.channel import Channel, StreamState
from speechtrt.runtime.asr.decoding.base import Labels
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.encoder import label_texts
from speechtrt.runtime.asr.endpoint import Endpointer, Endpointing
from speechtrt.runtime.asr.events import Dropped, Event, Final
from speechtrt.runtime.asr.lane import Lane
from speechtrt.runtime.asr.lanes import Plan, open_banks
from speechtrt.runtime.asr.outbox import Outbox
from speechtrt.runtime.asr.patience import Patience
from speechtrt.runtime.asr.session import Session
from speechtrt.runtime.asr.windows import WindowCutter
from speechtrt.runtime.clock import StageClock
from tests.runtime.asr.streams import ManyRunners, noise
from tests.runtime.fakes import BLANK, FEATURE_HOP, FRAME, PIECES, ctc_bundle, ctc_stages

SLOTS, BATCH = 5, 3
LABELS = Labels(label_texts(PIECES, BLANK + 1, BLANK), BLANK)
WHOLE = Endpointing(())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def new_lane(clock: Clock, seconds: list[float]) -> Lane:
    runners = ctc_stages()
    banks = open_banks(ctc_bundle(runners), ManyRunners(runners), Plan((160,), SLOTS, BATCH, 1, 0.06), ExitStack())
    return Lane(banks, Patience(BATCH), StageClock(clock), observe=seconds.extend)


def new_channel(lane: Lane, limit: float = 30.0) -> Channel:
    outbox = Outbox()
    session = Session(LABELS, 0.08, GreedyDecoder(LABELS), Endpointer(WHOLE, 0.08), outbox.put, partials=False)
    cutter = WindowCutter(lane.banks[160].chunk, FEATURE_HOP, 16_000)
    channel = Channel(session, cutter, outbox, Condition(lane.lock), limit)
    lane.add(160, channel)
    return channel


def words_alone(pieces: list[Samples]) -> list[str]:
    """What a lane hears that has nothing else to do."""
    lane = new_lane(Clock(), [])
    channel = new_channel(lane)
    lane.push(channel, np.concatenate([np.zeros(0, np.float32), *pieces]))
    lane.end(channel, np.zeros(0, np.float32), 1e9)
    return words_heard(lane, channel)


def words_heard(lane: Lane, channel: Channel) -> list[str]:
    while not channel.outbox.closed:
        lane.step()
    finals = [event for event in channel.outbox.drain() if isinstance(event, Final)]
    return [str(word) for final in finals for word in final.words]


class LaneMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock, self.seconds = Clock(), list[float]()
        self.lane = new_lane(self.clock, self.seconds)
        self.sent: dict[Channel, list[Samples]] = {}
        self.served: dict[Channel, int] = {}
        self.count = 0

    @property
    def open(self) -> list[Channel]:
        return list(self.sent)

    @precondition(lambda self: len(self.sent) < SLOTS)
    @rule(limit=st.sampled_from([30.0, float("inf")]))
    def connect(self, limit: float) -> None:
        self.sent[new_channel(self.lane, limit)] = []

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), samples=st.integers(0, 9000))
    def push(self, data: st.DataObject, samples: int) -> None:
        channel, self.count = data.draw(st.sampled_from(self.open)), self.count + 1
        piece = noise(samples, seed=self.count)
        self.lane.push(channel, piece)
        self.sent[channel].append(piece)

    @rule()
    def step(self) -> None:
        self.clock.now += 0.01
        waiting = {c for bank in self.lane.banks.values() for c in (*bank.live, *bank.recorded)}
        heard = self.lane.step()
        assert heard <= min(BATCH, max(1, len(waiting)))
        assert heard > 0 or not waiting

    @rule()
    def everyone_is_served_in_turn(self) -> None:
        """As many steps as there are streams serve all that wait now, however much audio the others have."""
        waiting = [c for bank in self.lane.banks.values() for c in (*bank.live, *bank.recorded)]
        before = {channel: channel.session.next_frame for channel in waiting}
        for _ in range(2 * SLOTS):
            self.lane.step()
        assert all(channel.session.next_frame > frame for channel, frame in before.items() if channel in self.sent)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self.open))
        self.lane.end(channel, np.zeros(0, np.float32), 1e9)
        expected = words_alone(self.sent.pop(channel))
        assert words_heard(self.lane, channel) == expected

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        channel = data.draw(st.sampled_from(self.open))
        del self.sent[channel]
        self.lane.close(channel)
        assert channel.state is StreamState.CLOSED
        self.lane.step()

    @invariant()
    def rows_belong_to_streams(self) -> None:
        owners = self.lane.banks[160].rows.owners
        assert len(owners) == len(set(owners)) <= SLOTS
        assert set(owners) <= set(self.lane._members)
        assert all(0 <= seconds < 1e6 for seconds in self.seconds)


LaneMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLaneMachine = LaneMachine.TestCase


def drained(channel: Channel) -> list[Event]:
    return channel.outbox.drain()


def test_a_stream_behind_loses_its_oldest_audio_and_is_told_what() -> None:
    lane = new_lane(Clock(), [])
    behind, recording = new_channel(lane), new_channel(lane, limit=float("inf"))
    lane.push(behind, noise(FRAME * 4))
    lane.step()
    lane.keep = 0.5
    for channel in (behind, recording):
        lane.push(channel, noise(16_000 * 3))
    assert behind.cutter.seconds < 0.6 and recording.cutter.seconds > 2.5
    lane.push(behind, noise(10))
    for _ in range(100):
        lane.step()
    [dropped] = [event for event in drained(behind) if isinstance(event, Dropped)]
    assert dropped.start == 0.16 and dropped.seconds > 2.5
    assert behind.session.seconds > 3.0  # time went on while nothing was heard
    assert drained(recording) == []


def test_live_streams_go_before_recordings_but_not_for_ever() -> None:
    lane = new_lane(Clock(), [])
    recordings = [new_channel(lane, limit=float("inf")) for _ in range(2)]
    for channel in recordings:
        lane.push(channel, noise(100 * FRAME))
    live = [new_channel(lane) for _ in range(3)]
    for channel in live:
        lane.push(channel, noise(100 * FRAME))
    for _ in range(4):
        lane.step()
    assert [channel.session.next_frame for channel in live] > [channel.session.next_frame for channel in recordings]
    assert all(channel.session.next_frame > 0 for channel in recordings)


def test_a_decoder_that_fails_ends_its_stream_alone() -> None:
    lane = new_lane(Clock(), [])
    bad, good = new_channel(lane), new_channel(lane)

    class Broken(GreedyDecoder):
        def accept(self, frames: object) -> None:
            raise ZeroDivisionError("odd")

    bad.session.decoder = Broken(LABELS)
    for channel in (bad, good):
        lane.push(channel, noise(8 * FRAME))
    assert lane.step() == 2 and lane.step() == 1
    assert bad.state is StreamState.CLOSED and good.state is StreamState.OPEN
    try:
        drained(bad)
    except Exception as error:
        assert "ZeroDivisionError('odd'), which nobody foresaw" in str(error)


def test_only_live_chunks_count_as_latencies() -> None:
    seconds = list[float]()
    clock = Clock()
    lane = new_lane(clock, seconds)
    live, recording = new_channel(lane), new_channel(lane, limit=float("inf"))
    for channel in (live, recording):
        lane.push(channel, noise(FRAME * 4))
    clock.now = 0.05
    assert lane.step() == 2
    assert seconds == [0.05]


def test_a_lane_waits_only_for_streams_that_it_has() -> None:
    clock = Clock()
    lane = new_lane(clock, [])
    first, second = new_channel(lane), new_channel(lane)
    for number in range(2000):
        lane.patience.worked(number / 100, number / 100 + 0.0099)
    clock.now = 20.0
    lane.push(first, noise(FRAME * 4))
    assert (lane._delay() or 0.0) > 0.0
    lane.push(second, noise(FRAME * 4))
    assert lane._delay() == 0.0
    assert lane.step() == 2
    lane.close(second)
    lane.step()
    lane.push(first, noise(FRAME * 4))
    assert lane._delay() == 0.0

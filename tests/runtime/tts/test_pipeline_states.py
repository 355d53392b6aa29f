"""The pipeline under every order of requests, steps, departures and faults that hypothesis can think of."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from speechtrt.errors import BackendError, CancelledError, DeadlineError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.events import Completion, Event, Failure, Heard
from speechtrt.runtime.tts.speech import BULK, ChunkPlan, SpeechRequest
from tests.runtime.fakes import FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import Clock, build

SLOTS = 3
TEXTS = ("hello", "a longer text. with two sentences.", "one two three, four five six seven eight nine ten eleven")
PLANS = (BULK, ChunkPlan(2, 2, 8), ChunkPlan(5, 1, 5))
REQUESTS = st.builds(
    SpeechRequest,
    st.sampled_from(TEXTS),
    seed=st.integers(0, 3),
    steps=st.sampled_from((None, 1, 7, 30)),
    plan=st.sampled_from(PLANS),
    deadline_seconds=st.sampled_from((None, None, 0.0, 5.0, 60.0)),
)


class Flaw:
    """Makes the next call of a stage fail."""

    def __init__(self, runner: FakeRunner) -> None:
        self.compute = runner.compute
        self.pending = False
        runner.compute = self

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array]:
        if self.pending:
            self.pending = False
            raise BackendError("a fault")
        return self.compute(inputs)


class PipelineMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        runners = tts_stages()
        self.flaws = {name: Flaw(runner) for name, runner in runners.items()}
        self.pipeline = build(runners, SLOTS, now=self.clock)
        self.alone = build(tts_stages(), 1)
        self.requests: dict[int, SpeechRequest] = {}
        self.heard: dict[int, list[Array]] = {}
        self.ended: dict[int, Event] = {}
        self.cancelled: set[int] = set()
        self.faults = 0

    @rule(request=REQUESTS, urgent=st.booleans())
    def submit(self, request: SpeechRequest, urgent: bool) -> None:
        index = self.pipeline.submit(request, urgent)
        self.requests[index], self.heard[index] = request, []

    @rule(seconds=st.floats(0.001, 2.0), times=st.integers(1, 9))
    def step(self, seconds: float, times: int) -> None:
        for _ in range(times):
            self.clock.now += seconds
            for event in self.pipeline.step():
                self.note(event)

    @precondition(lambda self: self.requests)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        """Anyone, at any moment, also one that has ended."""
        index = data.draw(st.sampled_from(sorted(self.requests)))
        self.pipeline.cancel(index)
        if index not in self.ended:
            self.cancelled.add(index)

    @rule(stage=st.sampled_from(("encoder", "decoder", "postnet", "vocoder")))
    def fault(self, stage: str) -> None:
        self.flaws[stage].pending = True
        self.faults += 1

    @rule()
    def run_out(self) -> None:
        """In the end everybody has heard a speech or an error, and every slot is free."""
        steps = 0
        while self.pipeline.busy:
            self.clock.now += 0.05
            for event in self.pipeline.step():
                self.note(event)
            steps += 1
            assert steps < 3000
        assert set(self.ended) == set(self.requests)
        assert self.pipeline.active == 0
        assert not self.pipeline._scheduler.busy
        assert not self.pipeline._encoding._work and not self.pipeline._vocoding.busy

    def note(self, event: Event) -> None:
        assert event.index in self.requests and event.index not in self.ended
        if isinstance(event, Heard):
            assert event.chunk.index == len(self.heard[event.index])
            self.heard[event.index].append(event.chunk.samples)
            return
        self.ended[event.index] = event
        if isinstance(event, Completion):
            self.check_speech(event)
        else:
            self.check_failure(event)

    def check_speech(self, event: Completion) -> None:
        """What is heard is whole, and is what the request says alone."""
        assert event.index not in self.cancelled
        samples = np.concatenate(self.heard[event.index])
        np.testing.assert_array_equal(samples, event.speech.audio.samples)
        [alone] = self.alone.synthesize_many([self.requests[event.index]]) if self.in_time(event) else [event.speech]
        np.testing.assert_allclose(samples, alone.audio.samples, atol=1e-5)

    def in_time(self, event: Completion) -> bool:
        return self.requests[event.index].deadline_seconds != 0.0

    def check_failure(self, event: Failure) -> None:
        deadline = self.requests[event.index].deadline_seconds
        match event.error:
            case CancelledError():
                assert event.index in self.cancelled
            case DeadlineError():
                assert deadline is not None
            case _:
                assert self.faults > 0

    @invariant()
    def slots_are_those_of_living_requests(self) -> None:
        placed = self.pipeline._scheduler.running()
        living = set(self.requests) - set(self.ended) - self.cancelled
        assert len(placed) == self.pipeline.active <= SLOTS
        assert {v.job for v in placed} <= living


TestPipeline = PipelineMachine.TestCase
TestPipeline.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)

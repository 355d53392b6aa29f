"""Engines that go wrong while they speak: the reference precision takes over, and nobody hears it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.policy.guard import Guard, GuardEventKind, GuardPolicy
from speechtrt.runtime.tts.events import Completion, Event, Heard
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import ChunkPlan, SpeechRequest
from speechtrt.runtime.tts.stages import Stages
from tests.runtime.fakes import FakeBackend, FakeRunner, tts_stages
from tests.runtime.tts.fake_speech import build

REQUESTS = [SpeechRequest("hello", steps=n, seed=n, plan=ChunkPlan(4, 2, 16)) for n in (60, 9, 33, 47)]

Outputs = dict[str, Array]


def from_call(number: int, runner: FakeRunner, spoil: Callable[[Array], Array]) -> None:
    """Let every output but the caches of a stage go wrong from call `number` on."""
    compute, calls = runner.compute, iter(range(10**9))

    def spoiled(inputs: Outputs) -> Outputs:
        outputs = compute(inputs)
        if next(calls) < number:
            return outputs
        return {name: value if name.endswith("_out") else spoil(value) for name, value in outputs.items()}

    runner.compute = spoiled


def guarded(engines: dict[str, FakeRunner], reference: dict[str, FakeRunner], guard: Guard) -> Pipeline:
    stages, other = (Stages.open(lambda _, r=runners: FakeBackend(r)) for runners in (engines, reference))  # type: ignore[misc]
    return build(engines, stages=stages.guarded(other, guard))


def speak(pipeline: Pipeline) -> dict[int, list[Event]]:
    events: dict[int, list[Event]] = {pipeline.submit(r, urgent=True): [] for r in REQUESTS}
    while pipeline.busy:
        for event in pipeline.step():
            events[event.index].append(event)
    return events


def sounds(events: dict[int, list[Event]]) -> list[Array]:
    return [np.concatenate([e.chunk.samples for e in es if isinstance(e, Heard)]) for es in events.values()]


@pytest.fixture
def expected() -> list[Array]:
    with build(tts_stages()) as pipeline:
        return sounds(speak(pipeline))


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_shadow_runs_change_nothing(expected: list[Array], share: float) -> None:
    engines, reference, guard = tts_stages(), tts_stages(), Guard(GuardPolicy(share))
    with guarded(engines, reference, guard) as pipeline:
        for sound, right in zip(sounds(speak(pipeline)), expected, strict=True):
            np.testing.assert_array_equal(sound, right)
    assert not guard.tripped and guard.events == ()
    steps = len(engines["decoder"].batches)
    assert len(reference["decoder"].batches) == pytest.approx(max(1, share * steps), abs=1)
    assert all(r.closed for r in (*engines.values(), *reference.values()))


@pytest.mark.parametrize("stage", ["decoder", "postnet", "vocoder"])
@pytest.mark.parametrize("call", [0, 1, 5])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_the_first_nan_is_never_heard(expected: list[Array], stage: str, call: int, value: float) -> None:
    engines, guard = tts_stages(), Guard(GuardPolicy(0.0))
    from_call(call, engines[stage], lambda x: np.full_like(x, value))
    with guarded(engines, tts_stages(), guard) as pipeline:
        events = speak(pipeline)
    for sound, right in zip(sounds(events), expected, strict=True):
        np.testing.assert_array_equal(sound, right)
    assert all(isinstance(es[-1], Completion) for es in events.values())
    assert [e.kind for e in guard.events] == [GuardEventKind.NOT_FINITE, GuardEventKind.SWITCHED]


@pytest.mark.parametrize("stage", ["decoder", "vocoder"])
def test_drift_is_found_by_sampling_and_ends(expected: list[Array], stage: str) -> None:
    engines, guard = tts_stages(), Guard(GuardPolicy(0.5, strikes=2, tolerance=0.1))
    from_call(3, engines[stage], lambda x: x * 1.5)
    with guarded(engines, tts_stages(), guard) as pipeline:
        events = speak(pipeline)
        assert guard.tripped
        for sound, right in zip(sounds(speak(pipeline)), expected, strict=True):
            np.testing.assert_array_equal(sound, right)
    assert all(isinstance(es[-1], Completion) for es in events.values())
    assert all(np.isfinite(sound).all() for sound in sounds(events))
    assert guard.counts[GuardEventKind.DRIFT] == 2


def test_engines_that_were_validated_again_are_used_again() -> None:
    engines, guard = tts_stages(), Guard(GuardPolicy(0.0))
    compute = engines["decoder"].compute
    from_call(2, engines["decoder"], lambda x: x * np.nan)
    with guarded(engines, tts_stages(), guard) as pipeline:
        speak(pipeline)
        assert len(engines["decoder"].batches) == 3
        engines["decoder"].compute = compute
        guard.revalidate()
        speak(pipeline)
    assert len(engines["decoder"].batches) > 3


def test_when_both_fail_the_request_fails() -> None:
    engines, reference = tts_stages(), tts_stages()
    for runners in (engines, reference):
        from_call(2, runners["decoder"], lambda x: x * np.nan)
    with (
        guarded(engines, reference, Guard(GuardPolicy(0.0))) as pipeline,
        pytest.raises(BackendError, match="in the reference precision too"),
    ):
        pipeline.synthesize_many(REQUESTS)


def test_a_reference_of_another_shape_is_refused() -> None:
    engines, reference = tts_stages(), tts_stages()
    stage = reference["decoder"].stage
    reference["decoder"].stage = replace(stage, inputs=stage.inputs[1:])
    with pytest.raises(BackendError, match="other inputs"):
        guarded(engines, reference, Guard())

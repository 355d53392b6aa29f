"""How a stage is driven through recorded inputs, so that two versions of it can be compared step by step.

A stage with states runs free: it reads back what it wrote, and a decoder hears its own last frame. What a slot held
before is noise wherever the graph promises to mask it, so that a broken mask cannot pass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from speechtrt.bundle import Bundle
from speechtrt.engines.calibration import Recording
from speechtrt.engines.profiles import CACHE_DIM, FIRST_BUCKET, cache_bucket
from speechtrt.engines.session import Array, Feeds, StageSession
from speechtrt.specs import DType, Reset, StageSpec, StateKind, StateSpec

DECODER_STEPS = 20
CALIBRATION_STEPS = 128  # seconds of speech: a static scale must have seen more than how utterances begin
STREAM_CHUNKS = 12
MOST_SAMPLES = 6
SEED = 20


@dataclass(frozen=True, slots=True)
class Scenario:
    """Inputs that hold for the whole run, and those of each step. `loop` is True for a decoder."""

    fixed: Feeds
    steps: tuple[Feeds, ...]
    loop: bool = False


@dataclass(frozen=True, slots=True)
class Playlist:
    """Scenarios of one (canonical) stage and the cache length they use."""

    stage: StageSpec
    max_len: int
    scenarios: tuple[Scenario, ...]


def make_scenarios(
    bundle: Bundle, stage: StageSpec, recording: Recording, steps: int = DECODER_STEPS
) -> tuple[Scenario, ...]:
    """The runs that a recording makes possible; a decoder makes `steps` steps, as far as its cache reaches."""
    if not moving_states(stage):
        return tuple(Scenario({}, (s,)) for s in _spread(recording.samples, MOST_SAMPLES))
    if "position" in {t.name for t in stage.inputs}:
        chosen = _spread(recording.samples, 2)
        return tuple(_decoder_scenario(bundle, stage, s, seed, steps) for seed, s in enumerate(chosen))
    return (_stream_scenario(stage, recording),)


def moving_states(stage: StageSpec) -> tuple[StateSpec, ...]:
    """States that a stage writes, as opposed to memory that it only reads."""
    return tuple(s for s in stage.states if s.output is not None)


def initial_states(playlist: Playlist, scenario: Scenario) -> Feeds:
    """Zeros where a new owner must clear, noise where it need not."""
    stage = playlist.stage
    rows = next(iter({**scenario.fixed, **scenario.steps[0]}.values())).shape[0]
    dims = {"slots": rows, "rows": rows, CACHE_DIM: playlist.max_len}
    random = np.random.default_rng(SEED)
    states: Feeds = {}
    for state in moving_states(stage):
        spec = stage.input(state.input)
        shape = spec.resolve(dims)
        if state.reset is Reset.ZERO or state.kind is StateKind.LENGTH or spec.dtype is DType.INT64:
            states[state.input] = np.zeros(shape, spec.dtype.value)
        else:
            states[state.input] = random.normal(0.0, 1.0, shape).astype(np.float32)
    return states


def play(session: StageSession, playlist: Playlist, scenario: Scenario) -> list[Feeds]:
    """Run a scenario from fresh states; the outputs of each step without the states."""
    session.reset(initial_states(playlist, scenario))
    outputs: list[Feeds] = []
    for step in scenario.steps:
        outputs.append(session.step(feeds_of(scenario, step, outputs[-1] if outputs else None)))
    return outputs


def feeds_of(scenario: Scenario, step: Feeds, before: Mapping[str, Array] | None) -> Feeds:
    """Inputs of one step; a decoder's frame is the last one it made."""
    heard = {"frame": before["frames"][:, -1]} if scenario.loop and before is not None else {}
    return {**scenario.fixed, **step, **heard}


def scenario_length(bundle: Bundle, stage: StageSpec, frozen: bool) -> int:
    """Cache length that scenarios of a stage use: what a frozen engine holds, or a short one."""
    if all(CACHE_DIM not in t.shape for t in stage.inputs):
        return 0
    return cache_bucket(bundle) if frozen else FIRST_BUCKET


def _spread(samples: tuple[Feeds, ...], most: int) -> tuple[Feeds, ...]:
    """Up to `most` samples, evenly from first to last."""
    picks = sorted({round(i) for i in np.linspace(0, len(samples) - 1, min(most, len(samples)))})
    return tuple(samples[i] for i in picks)


def _decoder_scenario(bundle: Bundle, stage: StageSpec, sample: Feeds, seed: int, steps: int) -> Scenario:
    memory = {s.input for s in stage.states if s.output is None}
    fixed = {name: value for name, value in sample.items() if name in memory}
    rows = next(iter(fixed.values())).shape[0]
    random = np.random.default_rng(SEED + seed)
    shape = stage.input("dropout").resolve({"slots": rows})
    drop = bundle.tts.dropout if bundle.tts is not None else 0.5
    count = min(steps, cache_bucket(bundle))
    inputs = [
        {
            "position": np.full(rows, index, np.int64),
            "dropout": (random.random(shape) >= drop).astype(np.float32) / np.float32(1 - drop),
        }
        for index in range(count)
    ]
    inputs[0]["frame"] = np.zeros(stage.input("frame").resolve({"slots": rows}), np.float32)
    return Scenario(fixed, tuple(inputs), loop=True)


def _stream_scenario(stage: StageSpec, recording: Recording) -> Scenario:
    """The recorded chunks in order, repeated when there are few; a stream may well jump between them."""
    states = {s.input for s in moving_states(stage)}
    chunks = [{n: v for n, v in sample.items() if n not in states} for sample in recording.samples]
    rows = _rows(chunks[0])
    same = [c for c in chunks if _rows(c) == rows]
    return Scenario({}, tuple(same[i % len(same)] for i in range(max(len(same[:STREAM_CHUNKS]), STREAM_CHUNKS // 2))))


def _rows(feeds: Mapping[str, Array]) -> int:
    return int(next(iter(feeds.values())).shape[0])


def concatenate(outputs: Iterable[list[Feeds]]) -> dict[str, list[Array]]:
    """All values of each output, over steps and scenarios."""
    collected: dict[str, list[Array]] = {}
    for run in outputs:
        for step in run:
            for name, value in step.items():
                collected.setdefault(name, []).append(value)
    return collected

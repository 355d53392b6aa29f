"""What the serving benchmark asks of a server."""

from collections.abc import Mapping
from dataclasses import dataclass

from speechtrt.benchmarks.stream.load import StreamPlan

ARRIVAL = (
    "live clients speak recordings at 1.0x from random phases on, over sockets, from a process of their own; under "
    "overload they come as a Poisson process and speak some turns each"
)


@dataclass(frozen=True, slots=True)
class ServePlan:
    """How much of everything: `streams` for protocol overhead, `turns` of a visit under overload, texts to speak, and
    clients that vanish.
    """

    fixed: StreamPlan
    search: StreamPlan
    streams: int
    speech_slots: int
    texts: int
    rounds: int
    overload_factor: float
    overload_seconds: float
    turns: int
    departures: int
    starts: int
    idle_seconds: float


@dataclass(frozen=True, slots=True)
class ServeLoad:
    """The load of a serving result, as its document states it."""

    model: str
    voice: str
    arrival: str
    recordings: int
    chunk_milliseconds: int
    packet_seconds: float
    slo_seconds: float
    streams: int
    overload_factor: float
    overload_seconds: float
    turns: int
    departures: int
    workers: int
    trials: int
    seed: int


def full_plan(chunk: int, trials: int, near: Mapping[str, int]) -> ServePlan:
    """Some ten minutes; fewer when searches begin `near` what they will find."""
    return ServePlan(
        fixed=StreamPlan((chunk,), {}, 6.0, 1.0, trials, 16),
        search=StreamPlan((chunk,), {chunk: (192,)}, 8.0, 1.0, trials, 4096, search_seconds=6.0, near=near),
        streams=16,
        speech_slots=16,
        texts=5,
        rounds=4,
        overload_factor=3.0,
        overload_seconds=30.0,
        turns=4,
        departures=200,
        starts=3,
        idle_seconds=5.0,
    )


def quick_plan(chunk: int) -> ServePlan:
    """A smoke test."""
    return ServePlan(
        fixed=StreamPlan((chunk,), {}, 1.0, 0.5, 1, 4),
        search=StreamPlan((chunk,), {chunk: (4,)}, 1.0, 0.5, 1, 4),
        streams=4,
        speech_slots=4,
        texts=2,
        rounds=1,
        overload_factor=3.0,
        overload_seconds=3.0,
        turns=1,
        departures=21,
        starts=1,
        idle_seconds=1.0,
    )

"""Servers for a load."""

import math
from dataclasses import dataclass
from pathlib import Path

from speechtrt.deploy.planner.jitter import with_jitter
from speechtrt.deploy.planner.measured import (
    Document,
    StepCost,
    latencies,
    read_result,
    speech_cost,
    step_cost,
    step_ratio,
)
from speechtrt.deploy.planner.speech import most_texts
from speechtrt.deploy.planner.streams import most_streams
from speechtrt.errors import DeployError


@dataclass(frozen=True, slots=True)
class Demand:
    """So many live streams and texts a second, each within its limit for 19 of 20, on servers used to `headroom`."""

    streams: int
    texts: float
    chunk_limit: float = 0.1
    text_limit: float = 1.0
    headroom: float = 0.8
    chunk: int | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """Servers for each kind of work, which a server of its own does: a share of a server of one is none of the other.

    `hardware` is what the results were measured on; `doubts` are results that do not vouch for themselves. `step_ratio`
    is how many times as long a step takes beside other servers on the same machine.
    """

    stream_servers: int
    speech_servers: int
    streams_per_server: int
    texts_per_server: float
    hardware: tuple[str, ...]
    doubts: tuple[str, ...]
    step_ratio: float = 1.0

    @property
    def servers(self) -> int:
        """Pods, and where the hardware has one GPU per pod, GPUs."""
        return self.stream_servers + self.speech_servers


def plan(demand: Demand, paths: tuple[Path, ...], replicas: tuple[Path, ...] = ()) -> Plan:
    """Simulate one server of each kind of work from its result; of streams, as slow as `replicas` made each other.

    Raises DeployError.
    """
    found = {document.kind: (path, document) for path in paths for document in (read_result(path),)}
    cost = _cost(demand, _needed(found, "stream")) if demand.streams else None
    ratio = step_ratio(cost, [read_result(path) for path in replicas]) if cost and replicas else 1.0
    streams = _largest(demand, cost.slowed(ratio)) if cost else 0
    texts = _fastest(demand, _needed(found, "tts") if demand.texts else None)
    return Plan(
        stream_servers=math.ceil(demand.streams / streams) if streams else 0,
        speech_servers=math.ceil(demand.texts / texts) if texts else 0,
        streams_per_server=streams,
        texts_per_server=texts,
        hardware=tuple(sorted({_hardware(document) for _, document in found.values()})),
        doubts=tuple(f"{path}: not valid for quoting" for path, document in found.values() if not document.quotable),
        step_ratio=ratio,
    )


def _needed(found: dict[str, tuple[Path, Document]], kind: str) -> Document:
    if kind not in found:
        raise DeployError(
            f"no result of kind {kind!r} is given; measure with `speechtrt bench {kind}` on that hardware"
        )
    return found[kind][1]


def _cost(demand: Demand, document: Document) -> StepCost:
    cost = step_cost(document, demand.chunk)
    return with_jitter(cost, latencies(document, cost, demand.chunk_limit), demand.seed)


def _largest(demand: Demand, cost: StepCost) -> int:
    most = int(demand.headroom * most_streams(cost, demand.chunk_limit, demand.seed))
    return most or _impossible("stream", demand.chunk_limit)


def _fastest(demand: Demand, document: Document | None) -> float:
    if document is None:
        return 0.0
    most = demand.headroom * most_texts(speech_cost(document), demand.text_limit, demand.seed)
    return most or _impossible("text", demand.text_limit)


def _impossible(what: str, limit: float) -> int:
    raise DeployError(
        f"not one {what} is served within {limit:g} s on that hardware; allow more, or choose faster hardware"
    )


def _hardware(document: Document) -> str:
    environment = document.environment
    name = environment.get("gpu") or environment.get("cpu") or "unknown"
    return f"{name}, {environment.get('cores', '?')} cores"

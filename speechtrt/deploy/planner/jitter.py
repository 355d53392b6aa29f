"""How much single steps differ, which no result tells: as much as explains the latencies that were measured."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from speechtrt.deploy.planner.measured import StepCost
from speechtrt.deploy.planner.streams import chunk_latency

MOST = 1.0
HALVINGS = 6
BUSIEST = 0.75  # of the largest number of streams that was measured: below, hardly anybody waits


def with_jitter(cost: StepCost, measured: Sequence[tuple[int, float]], seed: int) -> StepCost:
    """`cost` with the jitter that explains `measured`: streams and 95th percentiles in seconds, nobody overloaded.

    It is that of the busiest runs, which decide how many streams are too many; 0 where nothing was measured.
    """
    busiest = BUSIEST * max((streams for streams, _ in measured), default=0)
    compared = [(streams, p95) for streams, p95 in measured if streams >= busiest]
    low, high = 0.0, MOST
    for _ in range(HALVINGS if compared else 0):
        middle = (low + high) / 2
        if _too_long(replace(cost, jitter=middle), compared, seed):
            high = middle
        else:
            low = middle
    return replace(cost, jitter=low)


def _too_long(cost: StepCost, measured: Sequence[tuple[int, float]], seed: int) -> bool:
    """Whether more simulated latencies are longer than measured ones than are shorter."""
    simulated = {streams: chunk_latency(cost, streams, seed) for streams in {streams for streams, _ in measured}}
    return median(simulated[streams] / p95 for streams, p95 in measured) > 1

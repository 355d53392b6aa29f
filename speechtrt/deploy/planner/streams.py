"""Live streams on one server, batch by batch, by the runtime's own rule of waiting for company."""

import math
import random
from collections import deque
from collections.abc import Iterator, Sequence

from speechtrt.deploy.planner.measured import StepCost
from speechtrt.runtime.asr.patience import Patience

SECONDS = 60.0
SHARE = 0.95
INSTANT = 1e-9  # seconds that are no wait


def chunk_latency(cost: StepCost, streams: int, seed: int) -> float:
    """95th percentile of the seconds from a chunk's last sample to its words, with random phases of the streams."""
    chance = random.Random(seed)
    phases = [chance.uniform(0, cost.chunk_seconds) for _ in range(streams)]
    lanes = (sorted(phases[worker :: cost.workers]) for worker in range(cost.workers))
    latencies = sorted(latency for lane in lanes for latency in _lane(cost, lane, chance))
    return latencies[int(SHARE * (len(latencies) - 1))]


def _lane(cost: StepCost, phases: Sequence[float], chance: random.Random) -> Iterator[float]:
    """Latencies of the chunks of one worker's streams."""
    rounds = round(SECONDS / cost.chunk_seconds)
    due = deque(phase + number * cost.chunk_seconds for number in range(rounds) for phase in phases)
    waiting: deque[float] = deque()
    patience = Patience(cost.batch)
    now = 0.0
    while due or waiting:
        while due and due[0] <= now:
            waiting.append(due.popleft())
        wait = patience.delay(len(waiting), len(phases), waiting[0], now) if waiting else math.inf
        if wait > INSTANT:
            now = min(now + wait, due[0] if due else math.inf)
            continue
        batch = [waiting.popleft() for _ in range(min(cost.batch, len(waiting)))]
        end = now + cost.drawn(len(batch), chance)
        patience.worked(now, end)
        yield from (end - moment for moment in batch)
        now = end


def most_streams(cost: StepCost, limit: float, seed: int) -> int:
    """The largest number of streams whose latency stays below `limit` seconds; 0 for none."""
    low, high = 0, 1
    while chunk_latency(cost, high, seed) < limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if chunk_latency(cost, middle, seed) < limit:
            low = middle
        else:
            high = middle
    return low

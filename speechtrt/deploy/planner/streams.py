"""Live streams on one server, batch by batch."""

import heapq
import random
from collections import deque

from speechtrt.deploy.planner.measured import StepCost

SECONDS = 20.0
SHARE = 0.95


def chunk_latency(cost: StepCost, streams: int, seed: int) -> float:
    """95th percentile of the seconds from a chunk's last sample to its words, with random phases of the streams."""
    chance = random.Random(seed)
    phases = sorted(chance.uniform(0, cost.chunk_seconds) for _ in range(streams))
    rounds = round(SECONDS / cost.chunk_seconds)
    due = deque(phase + number * cost.chunk_seconds for number in range(rounds) for phase in phases)
    free = [0.0] * cost.workers
    latencies: list[float] = []
    while due:
        start = max(heapq.heappop(free), due[0])
        taken = [due.popleft()]
        while due and due[0] <= start and len(taken) < cost.batch:
            taken.append(due.popleft())
        end = start + cost.seconds(len(taken))
        latencies += [end - moment for moment in taken]
        heapq.heappush(free, end)
    latencies.sort()
    return latencies[int(SHARE * (len(latencies) - 1))]


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

"""Texts on one server: they come at random, wait for a slot, and share what it can do."""

import random
from collections import deque

from speechtrt.deploy.planner.measured import SpeechCost

TEXTS = 4000
SHARE = 0.95
PRECISION = 0.01


def speech_latency(cost: SpeechCost, rate: float, seed: int) -> float:
    """95th percentile of the seconds from a text's arrival to its last sample, at `rate` texts a second.

    Work is exponential with the mean of a text alone; nobody is faster than alone, and all together no faster than the
    server's rate.
    """
    chance = random.Random(seed)
    waiting: deque[tuple[float, float]] = deque()
    active: list[list[float]] = []  # [work left, arrival]
    now = 0.0
    latencies: list[float] = []
    arrival = chance.expovariate(rate)
    while len(latencies) < TEXTS:
        speed = min(1.0, cost.rate * cost.single / len(active)) if active else 1.0
        done = now + min(text[0] for text in active) / speed if active else float("inf")
        step = min(done, arrival) - now
        now += step
        for text in active:
            text[0] -= step * speed
        if done <= arrival:
            finished = min(active)
            active.remove(finished)
            latencies.append(now - finished[1])
        else:
            waiting.append((chance.expovariate(1 / cost.single), now))
            arrival = now + chance.expovariate(rate)
        while waiting and len(active) < cost.slots:
            active.append(list(waiting.popleft()))
    latencies.sort()
    return latencies[int(SHARE * (len(latencies) - 1))]


def most_texts(cost: SpeechCost, limit: float, seed: int) -> float:
    """The highest rate of texts a second whose latency stays below `limit` seconds; 0 for none."""
    low, high = 0.0, cost.rate
    while high - low > PRECISION * cost.rate:
        middle = (low + high) / 2
        if speech_latency(cost, middle, seed) < limit:
            low = middle
        else:
            high = middle
    return low

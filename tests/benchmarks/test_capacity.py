import pytest

from speechtrt.benchmarks.tts.capacity import P95_SECONDS, find_capacity
from speechtrt.benchmarks.tts.trial import Served, TtsTrial


class Server:
    """Keeps the promise up to `limit` requests a second, and remembers what it was asked."""

    def __init__(self, limit: float) -> None:
        self.limit = limit
        self.rates: list[float] = []

    def __call__(self, rate: float) -> TtsTrial:
        self.rates.append(rate)
        latency = P95_SECONDS * (0.5 if rate <= self.limit else 1.5)
        return TtsTrial("capacity", "a", 1.0, 1.0, 0.0, {}, 1.0, 1, (Served(0, 0.0, latency, 1.0, latency),))


def test_it_closes_in_on_the_highest_rate() -> None:
    server = Server(limit=6.5)
    found = find_capacity(server, highest=16.0, probes=7)
    assert found.rate == pytest.approx(6.5, abs=16 / 2**7)
    assert found.rate <= 6.5
    assert found.p95_seconds == P95_SECONDS / 2
    assert len(server.rates) == 7


def test_a_side_that_keeps_it_at_no_rate_has_none() -> None:
    assert find_capacity(Server(limit=0.0), highest=16.0, probes=4).rate == 0.0

"""What servers are asked, alone and beside each other."""

from collections.abc import Mapping

from speechtrt.benchmarks.stream.load import StreamPlan

CALM, BUSY = 0.25, 0.75  # of the streams that one server alone serves: loads at which the cost of a step is read
START = 256  # streams with which the first search begins when nothing is known


def full_plan(chunk: int, trials: int, near: Mapping[str, int]) -> StreamPlan:
    """Some five minutes for each of `trials` rounds; less when searches begin `near` what they will find."""
    return StreamPlan((chunk,), {}, 10.0, 2.0, trials, 4096, search_seconds=6.0, near=near)


def quick_plan(chunk: int) -> StreamPlan:
    """A smoke test, with a limit that a busy machine keeps, too."""
    return StreamPlan((chunk,), {}, 1.5, 0.5, 1, 8, slo_seconds=1.0, near={"alone": 8})

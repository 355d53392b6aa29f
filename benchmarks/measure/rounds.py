"""As many rounds as the means of a run need."""

from collections.abc import Callable, Iterator

from speechtrt.benchmarks.measure.verdict import Rates, uncertain


def rounds(planned: int, rates: Callable[[], Rates]) -> Iterator[int]:
    """Numbers of rounds: `planned`, then up to as many again while a side's mean rate is too uncertain to be quoted.

    Whether there is another depends on how much the rates of the rounds so far vary, never on how high they are.
    """
    yield from range(planned)
    for number in range(planned, 2 * planned):
        if not uncertain(rates()):
            return
        yield number

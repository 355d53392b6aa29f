"""Rounds go on while means are uncertain, and end."""

from collections.abc import Iterator

from speechtrt.benchmarks.measure.rounds import rounds


def count(rates: Iterator[float], planned: int) -> int:
    """Rounds that were made of a side with these rates."""
    seen: list[float] = []
    for _ in rounds(planned, lambda: {"steady": [1.0] * len(seen), "side": seen}):
        seen.append(next(rates))
    return len(seen)


def test_steady_rates_need_no_more_than_was_planned() -> None:
    assert count(iter([1.0, 1.02, 0.99]), 3) == 3


def test_one_bad_round_is_made_up_for() -> None:
    assert count(iter([1.0, 1.2, 1.0, 1.0, 1.0, 1.0]), 3) == 4


def test_a_machine_that_never_settles_ends_at_twice_the_plan() -> None:
    assert count(iter([1.0, 2.0] * 5), 3) == 6


def test_a_quick_run_has_its_one_round() -> None:
    assert count(iter([1.0, 2.0]), 1) == 1


def test_how_high_the_rates_are_does_not_matter() -> None:
    assert count(iter([100.0, 120.0, 100.0, 100.0, 100.0, 100.0]), 3) == 4

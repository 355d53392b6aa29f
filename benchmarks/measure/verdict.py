"""Whether a result may be quoted."""

from collections.abc import Mapping, Sequence
from typing import Literal

from speechtrt.benchmarks.measure.distribution import Distribution

FEWEST_TRIALS = 3
MOST_VARIATION = 0.10
MOST_FOREIGN_SHARE = 0.10

Valid = Literal[True] | tuple[str, ...]


def quick_reasons(quick: bool) -> list[str]:
    """A quick run is a smoke test."""
    return ["quick run: a smoke test, not for quoting"] if quick else []


def trial_reasons(rates: Mapping[str, Sequence[float]]) -> list[str]:
    """Too few trials, or rates that differ too much between trials, per side."""
    reasons = []
    for side, values in rates.items():
        if len(values) < FEWEST_TRIALS:
            reasons.append(f"{side}: {len(values)} trials, at least {FEWEST_TRIALS} are needed")
        elif (variation := Distribution.of(values).variation) > MOST_VARIATION:
            reasons.append(f"{side}: rates of trials vary by {variation:.0%}, at most {MOST_VARIATION:.0%} is allowed")
    return reasons


def contention_reasons(shares: Mapping[str, Sequence[float]]) -> list[str]:
    """Other processes used the cores while a side was measured."""
    worst = {side: max(values, default=0.0) for side, values in shares.items()}
    return [
        f"{side}: other processes used {share:.0%} of the cores, at most {MOST_FOREIGN_SHARE:.0%} is allowed"
        for side, share in worst.items()
        if share > MOST_FOREIGN_SHARE
    ]


def verdict(reasons: Sequence[str]) -> Valid:
    """True, or why not."""
    return tuple(reasons) or True

"""Whether a result may be quoted."""

from collections.abc import Mapping, Sequence
from typing import Literal

from speechtrt.benchmarks.measure.distribution import Distribution

FEWEST_TRIALS = 3
MOST_UNCERTAINTY = 0.058  # of a mean over trials: 10 % of variation over three of them, and noisier rates need more
MOST_FOREIGN_SHARE = 0.10

Rates = Mapping[str, Sequence[float]]  # of every side, one for each trial
Valid = Literal[True] | tuple[str, ...]


def quick_reasons(quick: bool) -> list[str]:
    """A quick run is a smoke test."""
    return ["quick run: a smoke test, not for quoting"] if quick else []


def trial_reasons(rates: Rates) -> list[str]:
    """Too few trials, or too few for how much their rates differ, per side."""
    few = {side: len(values) for side, values in rates.items() if len(values) < FEWEST_TRIALS}
    reasons = [f"{side}: {count} trials, at least {FEWEST_TRIALS} are needed" for side, count in few.items()]
    for side, uncertainty in uncertain({side: rates[side] for side in rates if side not in few}).items():
        reasons.append(
            f"{side}: the mean rate of {len(rates[side])} trials is uncertain by {uncertainty:.1%}, "
            f"at most {MOST_UNCERTAINTY:.1%} is allowed; run more trials"
        )
    return reasons


def uncertain(rates: Rates) -> dict[str, float]:
    """The standard errors of the sides' means, relative to them, that are too large to be quoted."""
    errors = {side: Distribution.of(values).uncertainty for side, values in rates.items()}
    return {side: error for side, error in errors.items() if error > MOST_UNCERTAINTY}


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

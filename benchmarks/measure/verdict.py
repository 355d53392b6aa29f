"""Whether a result may be quoted."""

from collections.abc import Mapping, Sequence
from typing import Literal

from speechtrt.benchmarks.measure.distribution import Distribution

FEWEST_TRIALS = 3
MOST_UNCERTAINTY = 0.058  # of a mean over trials: 10 % of variation over three of them, and noisier rates need more
MOST_FOREIGN_SHARE = 0.10

Valid = Literal[True] | tuple[str, ...]


def quick_reasons(quick: bool) -> list[str]:
    """A quick run is a smoke test."""
    return ["quick run: a smoke test, not for quoting"] if quick else []


def trial_reasons(rates: Mapping[str, Sequence[float]]) -> list[str]:
    """Too few trials, or too few for how much their rates differ, per side."""
    reasons = []
    for side, values in rates.items():
        if len(values) < FEWEST_TRIALS:
            reasons.append(f"{side}: {len(values)} trials, at least {FEWEST_TRIALS} are needed")
        elif (uncertainty := Distribution.of(values).uncertainty) > MOST_UNCERTAINTY:
            reasons.append(
                f"{side}: the mean rate of {len(values)} trials is uncertain by {uncertainty:.1%}, "
                f"at most {MOST_UNCERTAINTY:.1%} is allowed; run more trials"
            )
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

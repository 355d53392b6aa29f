"""Figures of speech quality: one engine set against another over the same utterances."""

import math
from dataclasses import dataclass
from enum import StrEnum

EVERYTHING = "all"  # the group that holds every utterance


class Better(StrEnum):
    """Which way a figure improves."""

    LOWER = "lower"
    HIGHER = "higher"


class Scale(StrEnum):
    """How a difference is counted."""

    POINTS = "points"  # 100 * (value - reference), of two rates: percentage points
    RELATIVE = "relative"  # (value - reference) / reference
    ABSOLUTE = "absolute"  # value - reference, in the metric's own unit

    def difference(self, value: float, reference: float) -> float:
        """From `reference` to `value`; NaN for a relative difference from zero, unless both are zero."""
        if self is Scale.POINTS:
            return 100.0 * (value - reference)
        if self is Scale.ABSOLUTE:
            return value - reference
        if reference == 0.0:
            return 0.0 if value == 0.0 else math.nan
        return (value - reference) / reference


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much worse a figure may get: `limit` for the difference, `end` for the worse end of its 95 % interval."""

    limit: float
    end: float | None = None


@dataclass(frozen=True, slots=True)
class QualityFigure:
    """One metric of one group of utterances (a dialect, a voice, or everything).

    `delta`, `low` and `high` (95 % interval of the difference) are counted in `scale`; None is what could not be
    computed. `limit` and `end_limit` say how much worse is allowed; without a limit the figure is only reported.
    """

    metric: str
    group: str
    value: float | None
    reference: float | None
    delta: float | None
    low: float | None
    high: float | None
    limit: float | None
    end_limit: float | None
    scale: Scale
    better: Better
    passed: bool
    utterances: int
    note: str = ""


def quality_figure(
    metric: str,
    group: str,
    value: float,
    reference: float,
    *,
    scale: Scale,
    better: Better,
    utterances: int,
    interval: tuple[float, float] | None = None,
    allowance: Allowance | None = None,
    note: str = "",
) -> QualityFigure:
    """A judged figure; `interval` is in `scale`. What is not finite fails, if anything is required at all."""
    delta = scale.difference(value, reference)
    low, high = interval or (math.nan, math.nan)
    passed = allowance is None or _within(delta, low, high, better, allowance)
    return QualityFigure(
        metric=metric,
        group=group,
        value=_finite(value),
        reference=_finite(reference),
        delta=_finite(delta),
        low=_finite(low),
        high=_finite(high),
        limit=allowance.limit if allowance else None,
        end_limit=allowance.end if allowance else None,
        scale=scale,
        better=better,
        passed=bool(passed),
        utterances=utterances,
        note=note,
    )


def _finite(value: float) -> float | None:
    """JSON has no NaN, and no floats of numpy's."""
    return float(value) if math.isfinite(value) else None


def _within(delta: float, low: float, high: float, better: Better, allowance: Allowance) -> bool:
    worse, end = (delta, high) if better is Better.LOWER else (-delta, -low)
    return worse <= allowance.limit and (allowance.end is None or end <= allowance.end)


def describe_difference(figure: QualityFigure) -> str:
    """Difference, limits and interval: `+0.42 points (limit 0.3 points), 95 % interval -0.1 points to ...`."""
    if figure.delta is None:
        return "could not be computed"
    text = _signed(figure.delta, figure.scale)
    if figure.limit is not None:
        text += f" (limit {_amount(figure.limit, figure.scale)})"
    if figure.low is not None and figure.high is not None:
        text += f", 95 % interval {_signed(figure.low, figure.scale)} to {_signed(figure.high, figure.scale)}"
    if figure.end_limit is not None:
        text += f" (limit {_amount(figure.end_limit, figure.scale)})"
    return text


def _signed(value: float, scale: Scale) -> str:
    return f"{'+' if value >= 0 else ''}{_amount(value, scale)}"


def _amount(value: float, scale: Scale) -> str:
    if scale is Scale.RELATIVE:
        return f"{100 * value:.3g} %"
    return f"{value:.3g} points" if scale is Scale.POINTS else f"{value:.3g}"

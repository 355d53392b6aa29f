"""From what each utterance contributed to judged figures with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from speechtrt.benchmarks.measure.bootstrap import Array, Interval, interval, resample
from speechtrt.engines.gate.quality import ALLOWED, Observation
from speechtrt.quality import EVERYTHING, Allowance, Better, QualityFigure, Scale, quality_figure

VALUE, REFERENCE, WEIGHT = range(3)
DRIFT = Allowance(1.0)  # dB from the reference's reading of the same seed: about where listeners begin to notice


@dataclass(frozen=True, slots=True)
class Rule:
    """How a metric's difference is counted, and which way it improves."""

    scale: Scale
    better: Better = Better.LOWER


RULES = {
    "wer": Rule(Scale.POINTS),
    "cer": Rule(Scale.POINTS),
    "mcd": Rule(Scale.RELATIVE),
    "mcd_drift": Rule(Scale.ABSOLUTE),
    "log_mel_l1": Rule(Scale.RELATIVE),
    "f0_rmse_cents": Rule(Scale.RELATIVE),
    "voicing_error": Rule(Scale.POINTS),
    "round_trip_cer": Rule(Scale.RELATIVE),
    "round_trip_wer": Rule(Scale.RELATIVE),
    "stoi": Rule(Scale.ABSOLUTE, Better.HIGHER),
    "pesq": Rule(Scale.ABSOLUTE, Better.HIGHER),
    "dnsmos": Rule(Scale.ABSOLUTE, Better.HIGHER),
    "duration_ratio": Rule(Scale.ABSOLUTE),
}
LIMITS = {**ALLOWED, "mcd_drift": DRIFT}


def judge(observations: Sequence[Observation], blocks: Mapping[str, str]) -> tuple[QualityFigure, ...]:
    """A figure for each metric over everything, then for each group when there are several.

    `blocks` says which utterances (by id) hang together: readings of one text, or recordings of one speaker. Limits
    hold over everything; a group's figure is only reported.
    """
    figures = []
    for metric in dict.fromkeys(o.metric for o in observations):
        own = [o for o in observations if o.metric == metric]
        groups = dict.fromkeys(o.group for o in own)
        figures.append(_figure(metric, EVERYTHING, own, blocks, LIMITS.get(metric)))
        for group in groups if len(groups) > 1 else ():
            figures.append(_figure(metric, group, [o for o in own if o.group == group], blocks, None))
    return tuple(figures)


def _figure(
    metric: str, group: str, rows: Sequence[Observation], blocks: Mapping[str, str], allowance: Allowance | None
) -> QualityFigure:
    rule = RULES[metric]
    columns = np.array([(o.value, o.reference, o.weight) for o in rows])
    value, reference, weight = columns.sum(0).tolist()
    drawn = resample(columns, [blocks[o.utterance] for o in rows])
    spread = interval(_differences(rule.scale, drawn))
    figure = quality_figure(
        metric,
        group,
        value / weight,
        reference / weight,
        scale=rule.scale,
        better=rule.better,
        utterances=len(rows),
        interval=(spread.low, spread.high),
        allowance=allowance,
    )
    return _excused(figure, spread, allowance)


def _excused(figure: QualityFigure, spread: Interval, allowance: Allowance | None) -> QualityFigure:
    """Where the interval is wider than the limit, chance alone would fail good engines; evidence is asked for then."""
    if figure.passed or allowance is None or spread.excludes(0.0):
        return figure
    finest = allowance.limit if allowance.end is None else allowance.end
    if not spread.high - spread.low > 2 * finest:
        return figure
    return replace(figure, passed=True, note="no evidence of a difference; the sample is too small for the limit")


def _differences(scale: Scale, sums: Array) -> Array:
    value, reference, weight = sums.T
    with np.errstate(invalid="ignore", divide="ignore"):
        if scale is Scale.RELATIVE:
            relative: Array = np.where(reference > 0, value / reference - 1, np.nan)
            return relative
        mean: Array = (value - reference) / weight
        return 100.0 * mean if scale is Scale.POINTS else mean

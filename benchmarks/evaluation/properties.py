"""What is known of a recording without listening, and how the error rate goes with it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from speechtrt.benchmarks.evaluation.scoring import Score
from speechtrt.benchmarks.measure.bootstrap import Array
from speechtrt.benchmarks.statistics.correlation import RankCorrelation, rank_correlation
from speechtrt.benchmarks.statistics.error_rate import RateInterval, error_rate

PARTS = 5


@dataclass(frozen=True, slots=True)
class Property:
    """A number about an utterance."""

    name: str
    unit: str
    of: Callable[[Score], float]


def _pace(score: Score) -> float:
    seconds = score.heard.audio_seconds
    return score.alignment.tokens / seconds if seconds else 0.0


PROPERTIES = (
    Property("duration", "s", lambda score: score.heard.audio_seconds),
    Property("speaking rate", "/s", _pace),
    Property("signal-to-noise ratio", "dB", lambda score: score.heard.decibels),
)


@dataclass(frozen=True, slots=True)
class Part:
    """The error rate of utterances that are alike in a property, e.g. `1.2 to 1.6 s`."""

    label: str
    rate: RateInterval


@dataclass(frozen=True, slots=True)
class Relation:
    """A property and an utterance's error rate: their rank correlation, and the rate in fifths of the utterances.

    The correlation is None where there is too little to say one.
    """

    property: Property
    correlation: RankCorrelation | None
    parts: tuple[Part, ...]


def relate(scores: Sequence[Score]) -> tuple[Relation, ...]:
    """One for each property."""
    rates = [score.counted.rate for score in scores]
    return tuple(
        Relation(one, rank_correlation(list(map(one.of, scores)), rates), _parts(scores, one)) for one in PROPERTIES
    )


def _parts(scores: Sequence[Score], one: Property) -> tuple[Part, ...]:
    """Fifths by the value; equal values stay together, so that there may be fewer."""
    values = np.array(list(map(one.of, scores)))
    edges = np.quantile(values, np.arange(1, PARTS) / PARTS)
    places = np.searchsorted(edges, values, side="left")
    return tuple(_part(scores, values, places == place, one.unit) for place in np.unique(places))


def _part(scores: Sequence[Score], values: Array, own: npt.NDArray[np.bool_], unit: str) -> Part:
    low, high = values[own].min(), values[own].max()
    rows = [score.counted for score, inside in zip(scores, own, strict=True) if inside]
    return Part(f"{low:.1f} to {high:.1f} {unit}", error_rate(rows))

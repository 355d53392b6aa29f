"""An error rate with a 95 % interval."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from speechtrt.benchmarks.measure.bootstrap import DRAWS, interval, resample
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors


@dataclass(frozen=True, slots=True)
class RateInterval:
    """Errors per token, and the central 95 % of its bootstrap distribution.

    `blocked`: speakers were drawn; with fewer than two, utterances, which says nothing about other speakers.
    """

    rate: float
    low: float
    high: float
    errors: int
    tokens: int
    utterances: int
    speakers: int
    blocked: bool


def error_rate(rows: Sequence[UtteranceErrors], draws: int = DRAWS, seed: int = 0) -> RateInterval:
    """Rate over all rows. Raises BenchmarkError without any."""
    columns = np.array([(row.errors, row.tokens) for row in rows], dtype=np.float64)
    speakers = len({row.speaker for row in rows})
    blocked = speakers > 1
    errors, tokens = resample(columns, [row.speaker if blocked else row.utterance for row in rows], draws, seed).T
    spread = interval(errors / np.maximum(tokens, 1))
    total = columns.sum(0)
    return RateInterval(
        rate=float(total[0] / max(1.0, total[1])),
        low=spread.low,
        high=spread.high,
        errors=int(total[0]),
        tokens=int(total[1]),
        utterances=len(rows),
        speakers=speakers,
        blocked=blocked,
    )

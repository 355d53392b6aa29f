"""What a check of speech quality is. Whoever can run engines and listen to them implements it.

`engines` may import neither the runtime nor the metrics, so the command line hands an implementation in.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from speechtrt.engine_set import GateRow
from speechtrt.quality import Allowance, QualityFigure, describe_difference

SPEECH = "speech"


@dataclass(frozen=True, slots=True)
class Observation:
    """One utterance under both engine sets.

    A group's figure is sum(value) / sum(weight): errors and words for an error rate, a mean where every weight is 1.
    `utterance` is an id; utterances with the same text before a slash (`text/seed`) do not vary independently.
    """

    metric: str
    group: str
    utterance: str
    value: float
    reference: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class QualityReport:
    """Judged figures, and what each utterance contributed so that a paired test can be made of it."""

    figures: tuple[QualityFigure, ...]
    observations: tuple[Observation, ...]

    @property
    def passed(self) -> bool:
        """Whether no figure is worse than allowed."""
        return all(figure.passed for figure in self.figures)


class QualityCheck(Protocol):
    """Runs two engine sets of one model over the same utterances."""

    def compare(self, engines: Path, reference: Path) -> QualityReport:
        """Quality of the set in `engines` next to the set in `reference`. Raises SpeechTRTError.

        Both are engine set folders that this machine can execute. Figures of CTC sets are `wer` and `cer` for each
        dialect and for all; of TTS sets `mcd`, `round_trip_cer`, `log_mel_l1` and `stoi`.
        """
        ...


# How much worse than the reference precision speech may get. Rates in points, distances relative.
ALLOWED: dict[str, Allowance] = {
    "wer": Allowance(0.3, end=0.8),
    "mcd": Allowance(0.03),
    "round_trip_cer": Allowance(0.03),
}


def figure_row(figure: QualityFigure) -> GateRow:
    """A judged figure among the rows of a gate: the difference and its limit."""
    assert figure.limit is not None
    return GateRow(
        "speech",
        f"{figure.metric} of {figure.group}",
        figure.delta,
        figure.limit,
        figure.passed,
        describe_difference(figure),
    )

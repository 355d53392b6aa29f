"""The model card of a trained CTC checkpoint: data, recipe, cost, error rates, and what it is not for."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from speechtrt.models.ctc_training.evaluation import CtcEvaluation


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card says of a run."""

    parameters: int
    pieces: int
    lookaheads: tuple[int, ...]
    utterances: int
    hours: float
    words: int
    steps: int
    rows: int
    minutes: float
    hardware: str
    evaluations: Sequence[CtcEvaluation]
    remark: str = ""


def model_card(facts: CardFacts) -> str:
    """The card as Markdown."""
    text = files("speechtrt.models.ctc_training").joinpath("card.md").read_text(encoding="utf-8")
    return text.format(
        parameters=facts.parameters,
        pieces=facts.pieces,
        chunks=" and ".join(str(80 * (lookahead + 1)) for lookahead in facts.lookaheads),
        lookaheads=" and ".join(map(str, facts.lookaheads)),
        utterances=facts.utterances,
        hours=facts.hours,
        words=facts.words,
        steps=facts.steps,
        rows=facts.rows,
        minutes=facts.minutes,
        hardware=facts.hardware,
        remark=f" {facts.remark}" if facts.remark else "",
        held_out=facts.evaluations[0].overall.utterances,
        table=_table(facts.evaluations),
    )


def _table(evaluations: Sequence[CtcEvaluation]) -> str:
    lines = ["| chunk | voice | utterances | words | WER | CER |", "|---|---|---|---|---|---|"]
    for evaluation in evaluations:
        for voice, score in (("all", evaluation.overall), *evaluation.voices.items()):
            rates = f"{100 * score.wer:.1f} % | {100 * score.cer:.1f} %"
            chunk = evaluation.chunk_milliseconds
            lines.append(f"| {chunk} ms | {voice} | {score.utterances} | {score.words} | {rates} |")
    return "\n".join(lines)

"""The model card of a trained CTC checkpoint: data, recipe, cost, error rates, and what it is not for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from speechtrt.models.ctc_training.evaluation import CtcEvaluation, Score
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.data.manifest import Utterance
from speechtrt.models.training.checkpoint import Position


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What the card says of a run."""

    name: str
    recipe: CtcRecipe
    spoken: Sequence[Utterance]
    parameters: int
    pieces: int
    position: Position
    hardware: str
    state: str
    evaluations: Sequence[CtcEvaluation]
    remark: str = ""


def model_card(facts: CardFacts) -> str:
    """The card as Markdown."""
    text = files("speechtrt.models.ctc_training").joinpath("card.md").read_text(encoding="utf-8")
    recipe, overall = facts.recipe, facts.evaluations[0].overall
    return text.format(
        name=facts.name,
        recipe=recipe.name,
        parameters=facts.parameters,
        pieces=facts.pieces,
        chunks=" and ".join(str(80 * (lookahead + 1)) for lookahead in recipe.lookaheads),
        lookaheads=" and ".join(map(str, recipe.lookaheads)),
        utterances=len(facts.spoken),
        hours=sum(item.seconds for item in facts.spoken) / 3600,
        words=len({word for item in facts.spoken for word in item.text.split()}),
        groups=_groups(facts.spoken),
        start=_start(recipe),
        steps=facts.position.step,
        rows=recipe.rows,
        minutes=facts.position.seconds / 60,
        hardware=facts.hardware,
        losses=_losses(recipe),
        state=facts.state,
        remark=f" {facts.remark}" if facts.remark else "",
        held_out=overall.utterances,
        words_tested=overall.words,
        table=_table(facts.evaluations),
    )


def _groups(spoken: Sequence[Utterance]) -> str:
    counts = Counter(item.dialect for item in spoken if item.dialect)
    if not counts:
        return ""
    listed = ", ".join(f"{name} {counts[name]:,}" for name in sorted(counts))
    clean = sum(item.condition == "clean" for item in spoken) / len(spoken)
    return f" Dialect groups: {listed}. {100 * clean:.0f} % are clean, the others have noise, a room or a narrow band."


def _start(recipe: CtcRecipe) -> str:
    if recipe.start is None:
        return ""
    source = f"from the weights in `{recipe.start.weights}`"
    if not recipe.start.layers:
        return f"{source}, "
    listed = ", ".join(map(str, recipe.start.layers))
    return f"{source}, whose layers {listed} became its own (one named twice begins as the identity), "


def _losses(recipe: CtcRecipe) -> str:
    parts = ["CTC"]
    if recipe.teacher is not None:
        parts.append(f"the framewise divergence from `{recipe.teacher.weights}` (share {recipe.teacher.share:g})")
    if recipe.phone_weight:
        parts.append("a framewise phone cross-entropy on flite's own alignments that fades out")
    return ", plus ".join(parts)


def _table(evaluations: Sequence[CtcEvaluation]) -> str:
    groups = sorted(evaluations[0].dialects)
    lines = [f"| chunk | all | {' | '.join(groups)} |", f"|---|{'---:|' * (len(groups) + 1)}"]
    for one in evaluations:
        cells = " | ".join(_rates(score) for score in (one.overall, *(one.dialects[name] for name in groups)))
        lines.append(f"| {one.chunk_milliseconds} ms | {cells} |")
    return "\n".join(lines)


def _rates(score: Score) -> str:
    return f"{100 * score.wer:.1f} ({100 * score.cer:.1f})"

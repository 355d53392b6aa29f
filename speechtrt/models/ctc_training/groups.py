"""CTC models on the dialect test set: error rates of each group, and whether one model is better than the next."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

import torch

from speechtrt.artifact import sha256_file
from speechtrt.audio import read_audio
from speechtrt.documents import SCHEMA
from speechtrt.models.ctc import FastConformerCtcConfig, load_ctc
from speechtrt.models.ctc_training.comparison import compare
from speechtrt.models.ctc_training.evaluation import CtcEvaluation, Pair, Score, evaluate_ctc
from speechtrt.models.ctc_training.features import FeatureSet, LogMel, feature_set
from speechtrt.models.ctc_training.reference import GREEDY
from speechtrt.models.data.dialects import SYNTHETIC
from speechtrt.models.data.manifest import Utterance
from speechtrt.models.data.voices import Synthesizer
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances
from speechtrt.models.shipped import WEIGHTS
from speechtrt.models.software import Software, read_software
from speechtrt.models.tokenizer import load_tokenizer

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class GroupTrial:
    """One model with one chunk size: scores overall, of each dialect group and of each voice."""

    model: str
    weights: str
    parameters: int
    chunk_milliseconds: int
    overall: Score
    dialects: dict[str, Score]
    voices: dict[str, Score]


@dataclass(frozen=True, slots=True)
class GroupLoad:
    """What was transcribed, and how."""

    utterances: int
    words: int
    set: str = "dialects"
    origin: Literal["synthetic"] = SYNTHETIC
    decoding: str = GREEDY
    precision: str = "fp32"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFigures:
    """A result document of kind `ctc_dialects`.

    Its summary has `<model>.<group>.wer_<chunk>ms` and `cer_<chunk>ms`, and for each model after the first
    `<model>.<group>.wer_<chunk>ms_gap`: its word error rate minus that of the model before, with `_gap_low` and
    `_gap_high` of a 95 % interval and `_gap_p`, paired over utterances.
    """

    schema: int = SCHEMA
    kind: str = "ctc_dialects"
    environment: Software
    load: GroupLoad
    trials: tuple[GroupTrial, ...]
    summary: dict[str, float]
    valid: Literal[True] | tuple[str, ...] = True


@dataclass(frozen=True, slots=True)
class _Heard:
    name: str
    weights: str
    parameters: int
    evaluations: tuple[CtcEvaluation, ...]


def compare_models(sources: Sequence[str], utterances: Sequence[EvaluationUtterance] | None = None) -> GroupFigures:
    """Evaluate checkpoints, in order of size, on the shipped dialect test set; each is compared with the one before."""
    spoken = dialect_utterances() if utterances is None else utterances
    heard = [_listen(source, spoken) for source in sources]
    trials = tuple(_trial(one, evaluation) for one in heard for evaluation in one.evaluations)
    overall = heard[0].evaluations[0].overall
    return GroupFigures(
        environment=read_software(),
        load=GroupLoad(overall.utterances, overall.words),
        trials=trials,
        summary=_rates(trials) | _gaps(heard, spoken),
    )


def measure_recordings(utterances: Sequence[EvaluationUtterance], config: FastConformerCtcConfig) -> FeatureSet:
    """Features of recordings that are no made set."""
    log_mel, listed, parts = LogMel(config), [], []
    for one in utterances:
        audio = read_audio(one.path)
        with torch.no_grad():
            parts.append(log_mel(audio).numpy())
        label = Synthesizer.ESPEAK.label
        listed.append(Utterance(one.id, one.text, label, one.voice, one.path.name, audio.seconds, None, one.dialect))
    return feature_set(listed, parts)


def group_table(figures: GroupFigures) -> str:
    """WER in per cent, a Markdown row for each model and chunk, a column for each group."""
    names = sorted(figures.trials[0].dialects)
    lines = [
        f"| model | parameters | chunk | {' | '.join([EVERYBODY, *names])} |",
        f"|---|---:|---:|{'---:|' * (len(names) + 1)}",
    ]
    for trial in figures.trials:
        scores = [trial.overall, *(trial.dialects[name] for name in names)]
        cells = " | ".join(f"{100 * score.wer:.1f}" for score in scores)
        size = f"{trial.parameters / 1e6:.1f} M"
        lines.append(f"| {trial.model} | {size} | {trial.chunk_milliseconds} ms | {cells} |")
    return "\n".join(lines)


def _listen(source: str, utterances: Sequence[EvaluationUtterance]) -> _Heard:
    model, tokenizer = load_ctc(source), load_tokenizer(source)
    spoken = measure_recordings(utterances, model.config)
    evaluations = [evaluate_ctc(model, tokenizer, spoken, lookahead) for lookahead in model.config.lookaheads]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return _Heard(Path(source).name, sha256_file(Path(source) / WEIGHTS), parameters, tuple(evaluations))


def _trial(heard: _Heard, one: CtcEvaluation) -> GroupTrial:
    return GroupTrial(
        heard.name, heard.weights, heard.parameters, one.chunk_milliseconds, one.overall, one.dialects, one.voices
    )


def _gaps(heard: Sequence[_Heard], utterances: Sequence[EvaluationUtterance]) -> dict[str, float]:
    groups = [EVERYBODY, *sorted({one.dialect for one in utterances if one.dialect})]
    found: dict[str, float] = {}
    for first, second in pairwise(heard):
        for a, b in zip(first.evaluations, second.evaluations, strict=True):
            for group in groups:
                gap = compare(_of(group, a.texts, utterances), _of(group, b.texts, utterances))
                name = f"{second.name}.{group}.wer_{b.chunk_milliseconds}ms_gap"
                found |= {name: gap.difference, f"{name}_low": gap.low, f"{name}_high": gap.high, f"{name}_p": gap.p}
    return found


def _of(group: str, texts: Sequence[Pair], utterances: Sequence[EvaluationUtterance]) -> list[Pair]:
    return [pair for pair, one in zip(texts, utterances, strict=True) if group in (EVERYBODY, one.dialect)]


def _rates(trials: Sequence[GroupTrial]) -> dict[str, float]:
    rates: dict[str, float] = {}
    for trial in trials:
        for group, score in {EVERYBODY: trial.overall, **trial.dialects}.items():
            figures = asdict(score)
            for rate in ("wer", "cer"):
                rates[f"{trial.model}.{group}.{rate}_{trial.chunk_milliseconds}ms"] = figures[rate]
    return rates

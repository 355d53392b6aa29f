"""The reference figures of a checkpoint in PyTorch, as a result document: what exported engines are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from speechtrt.documents import SCHEMA
from speechtrt.models.ctc import load_ctc
from speechtrt.models.ctc_training.evaluation import CtcEvaluation, Score, evaluate_ctc
from speechtrt.models.ctc_training.features import load_features
from speechtrt.models.software import Software, read_software
from speechtrt.models.tokenizer import load_tokenizer

GREEDY = "greedy, whole utterance under the chunk's attention mask"


@dataclass(frozen=True, slots=True)
class EvaluationLoad:
    """What was transcribed, and how."""

    set: str
    utterances: int
    words: int
    decoding: str = GREEDY
    precision: str = "fp32"


@dataclass(frozen=True, slots=True)
class EvaluationTrial:
    """One pass over the set with one chunk size."""

    chunk_milliseconds: int
    lookahead: int
    overall: Score
    voices: dict[str, Score]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceFigures:
    """A result document of kind `ctc_reference`."""

    schema: int = SCHEMA
    kind: str = "ctc_reference"
    environment: Software
    load: EvaluationLoad
    trials: tuple[EvaluationTrial, ...]
    summary: dict[str, float]
    valid: Literal[True] | tuple[str, ...] = True


def evaluate_reference(source: str, folder: Path) -> ReferenceFigures:
    """Evaluate the checkpoint `source` on the set in `folder`, once for each lookahead that it was trained with."""
    model, tokenizer = load_ctc(source), load_tokenizer(source)
    held_out = load_features(folder, model.config)
    evaluations = [evaluate_ctc(model, tokenizer, held_out, lookahead) for lookahead in model.config.lookaheads]
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return reference_figures(folder.name, parameters, evaluations)


def reference_figures(set_name: str, parameters: int, evaluations: Sequence[CtcEvaluation]) -> ReferenceFigures:
    """The document of `evaluations`; its summary has `wer_<chunk>ms` and `cer_<chunk>ms` of each."""
    overall = evaluations[0].overall
    summary: dict[str, float] = {"parameters": parameters}
    for one in evaluations:
        summary[f"wer_{one.chunk_milliseconds}ms"] = one.overall.wer
        summary[f"cer_{one.chunk_milliseconds}ms"] = one.overall.cer
    return ReferenceFigures(
        environment=read_software(),
        load=EvaluationLoad(set_name, overall.utterances, overall.words),
        trials=tuple(EvaluationTrial(e.chunk_milliseconds, e.lookahead, e.overall, e.voices) for e in evaluations),
        summary=summary,
    )

"""The shipped recognisers recognise the shipped recordings."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from speechtrt.models.ctc import load_ctc
from speechtrt.models.ctc_training.evaluation import evaluate_ctc
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances, evaluation_utterances
from speechtrt.models.tokenizer import load_tokenizer

WEIGHTS = Path(__file__).parents[2] / "speechtrt/models/weights"
CTC = ("ctc-small", "ctc-medium", "ctc-large")


@pytest.mark.parametrize("name", [*CTC, "voice", "lm", "accent"])
def test_every_file_has_its_checksum(name: str) -> None:
    folder = WEIGHTS / name
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=folder, check=True)
    listed = {line.split()[1] for line in (folder / "weights.sha256").read_text().splitlines()}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed == files - {"weights.sha256"}


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) < 60_000_000


@pytest.mark.parametrize("lookahead", [1, 6])
def test_the_default_recogniser_hears_the_shipped_recordings(lookahead: int) -> None:
    assert word_error_rate("ctc-medium", evaluation_utterances(), lookahead) < 0.2


@pytest.mark.parametrize("name", CTC)
@pytest.mark.parametrize("lookahead", [1, 6])
def test_every_recogniser_hears_the_dialect_groups(name: str, lookahead: int) -> None:
    assert word_error_rate(name, dialect_utterances()[::5], lookahead) < 0.2


def word_error_rate(name: str, spoken: Sequence[EvaluationUtterance], lookahead: int) -> float:
    model = load_ctc(WEIGHTS / name)
    heard = measure_recordings(spoken, model.config)
    return evaluate_ctc(model, load_tokenizer(WEIGHTS / name), heard, lookahead).overall.wer

"""The shipped recognisers recognise the shipped recordings."""

import subprocess
from pathlib import Path

import pytest

from speechtrt.models.ctc import load_ctc
from speechtrt.models.ctc_training.evaluation import evaluate_ctc
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.evaluation.utterances import dialect_utterances, evaluation_utterances
from speechtrt.models.tokenizer import load_tokenizer

WEIGHTS = Path(__file__).parents[2] / "speechtrt/models/weights"
CTC = ("ctc-small", "ctc-medium")


@pytest.mark.parametrize("name", [*CTC, "voice", "lm", "accent"])
def test_every_file_has_its_checksum(name: str) -> None:
    folder = WEIGHTS / name
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=folder, check=True)
    listed = {line.split()[1] for line in (folder / "weights.sha256").read_text().splitlines()}
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert listed == files - {"weights.sha256"}


def test_all_weights_together_are_small() -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.rglob("*") if path.is_file()) < 60_000_000


@pytest.mark.parametrize("name", CTC)
@pytest.mark.parametrize("lookahead", [1, 6])
def test_word_error_rate_is_below_the_bar(name: str, lookahead: int) -> None:
    model = load_ctc(WEIGHTS / name)
    heard = measure_recordings((*evaluation_utterances(), *dialect_utterances()[:100]), model.config)
    evaluation = evaluate_ctc(model, load_tokenizer(WEIGHTS / name), heard, lookahead)
    assert evaluation.overall.wer < 0.2

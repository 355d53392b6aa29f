"""The shipped recogniser recognises the shipped recordings."""

import subprocess
from pathlib import Path

import pytest

from speechtrt.audio import read_audio
from speechtrt.models.ctc import FastConformerCtc, load_ctc
from speechtrt.models.ctc_training.decode import transcribe_features
from speechtrt.models.ctc_training.features import LogMel
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.models.tokenizer import load_tokenizer
from speechtrt.models.word_errors import word_errors

CTC_SMALL = Path(__file__).parents[2] / "speechtrt/models/weights/ctc-small"


@pytest.fixture(scope="module")
def ctc_small() -> FastConformerCtc:
    return load_ctc(CTC_SMALL)


def test_every_file_has_its_checksum() -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=CTC_SMALL, check=True)
    listed = {line.split()[1] for line in (CTC_SMALL / "weights.sha256").read_text().splitlines()}
    assert listed == {path.name for path in CTC_SMALL.iterdir()} - {"weights.sha256"}


@pytest.mark.parametrize("lookahead", [1, 6])
def test_word_error_rate_is_below_the_bar(ctc_small: FastConformerCtc, lookahead: int) -> None:
    log_mel, spoken = LogMel(ctc_small.config), evaluation_utterances()
    features = [log_mel(read_audio(utterance.path)).numpy() for utterance in spoken]
    texts = transcribe_features(ctc_small, load_tokenizer(CTC_SMALL), features, lookahead)
    errors = word_errors(zip([utterance.text for utterance in spoken], texts, strict=True))
    assert errors.rate < 0.2

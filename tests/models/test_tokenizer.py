from pathlib import Path

import pytest

from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.tokenizer import TOKENIZER_FILE, PieceTokenizer, load_tokenizer, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> PieceTokenizer:
    return train_tokenizer(sentences(300, 1, Split.TRAIN), 80)


@pytest.mark.parametrize("text", ["turn on the kitchen lights at half past seven", "it is five o'clock", "zero"])
def test_text_survives(tokenizer: PieceTokenizer, text: str) -> None:
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert all(0 <= index < tokenizer.size == 80 for index in ids)
    assert "".join(tokenizer.pieces[index] for index in ids).replace("\u2581", " ").strip() == text


def test_a_saved_tokenizer_loads(tokenizer: PieceTokenizer, tmp_path: Path) -> None:
    tokenizer.save(tmp_path)
    assert load_tokenizer(tmp_path).pieces == tokenizer.pieces


def test_a_missing_or_broken_tokenizer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"tokenizer\.model: is missing"):
        load_tokenizer(tmp_path)
    (tmp_path / TOKENIZER_FILE).write_bytes(b"not a model")
    with pytest.raises(CheckpointError, match="not a sentencepiece model"):
        load_tokenizer(tmp_path)


def test_too_little_text_is_refused() -> None:
    with pytest.raises(DataError, match="use fewer"):
        train_tokenizer(["one two"], 4000)

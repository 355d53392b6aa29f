"""The texts of a model's labels, from the vocabulary files of transformers' tokenizers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from speechtrt.errors import CheckpointError
from speechtrt.pieces import PieceList

WORD_START = "\u2581"
LETTERS, PIECES = "vocab.json", "tokenizer.json"
_SETTINGS = "tokenizer_config.json"
_DELIMITER = "|"


def letter_pieces(folder: Path, labels: int, blank: int) -> PieceList:
    """Labels of a letter tokenizer: `vocab.json`, in which a delimiter stands between words. Raises CheckpointError."""
    path = folder / LETTERS
    settings = _read(folder / _SETTINGS) if (folder / _SETTINGS).is_file() else {}
    delimiter = settings.get("word_delimiter_token") or _DELIMITER
    vocabulary = _ids(path, _read(path))
    texts = {index: WORD_START if token == delimiter else _spoken(token) for token, index in vocabulary.items()}
    return _pieces(path, texts, labels, blank)


def sentence_pieces(folder: Path, labels: int, blank: int) -> PieceList:
    """Labels of a tokenizer of sentence pieces: `tokenizer.json`. Raises CheckpointError."""
    from tokenizers import Tokenizer

    path = folder / PIECES
    try:
        vocabulary = Tokenizer.from_str(path.read_text(encoding="utf-8")).get_vocab(with_added_tokens=True)
    except Exception as error:  # the library raises nothing more precise
        reason = str(error).partition("\n")[0]
        raise CheckpointError(f"{path}: is not a tokenizer ({reason}); copy the checkpoint again") from error
    return _pieces(path, {index: _spoken(token) for token, index in vocabulary.items()}, labels, blank)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path}: is not readable JSON ({error}); copy the checkpoint again") from error
    if not isinstance(found, dict):
        raise CheckpointError(f"{path}: holds no JSON object; copy the checkpoint again")
    return found


def _ids(path: Path, found: Mapping[str, Any]) -> dict[str, int]:
    for token, index in found.items():
        if isinstance(index, dict):
            raise CheckpointError(f"{path}: has a vocabulary per language; save the checkpoint with the one to export")
        if not isinstance(index, int):
            raise CheckpointError(f"{path}: the token {token!r} has the id {index!r}, expected a number")
    return dict(found)


def _spoken(token: str) -> str:
    """Nothing for `<s>`, `<unk>`, `[PAD]` and the like."""
    special = len(token) > 2 and (token[0] + token[-1] in ("<>", "[]"))
    return "" if special else token


def _pieces(path: Path, texts: Mapping[int, str], labels: int, blank: int) -> PieceList:
    """Tokens behind the model's labels are the library's own additions when they have no text."""
    missing = sorted(set(range(labels)) - texts.keys() - {blank})
    beyond = sorted(index for index, text in texts.items() if index >= labels and text)
    if missing or beyond:
        wrong = f"no token for label {missing[0]}" if missing else f"a token with id {beyond[0]}"
        raise CheckpointError(f"{path}: has {wrong}, the model has {labels} labels; take the model's own vocabulary")
    return PieceList(tuple(texts[index] for index in range(labels) if index != blank))

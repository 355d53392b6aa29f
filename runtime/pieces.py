"""Sentence pieces: the text units of every model."""

from pathlib import Path

import sentencepiece

from speechtrt.documents import read_document
from speechtrt.errors import ManifestError
from speechtrt.pieces import PIECES_FILE, PieceList


def read_pieces(path: Path) -> tuple[str, ...]:
    """The texts of a recogniser's labels without the blank: a piece list or a sentencepiece model.

    Raises ManifestError.
    """
    if path.name == PIECES_FILE:
        return read_document(path, PieceList).pieces
    return piece_texts(load_pieces(path))


def load_pieces(path: Path) -> sentencepiece.SentencePieceProcessor:
    """Read a sentencepiece model. Raises ManifestError."""
    try:
        return sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())
    except RuntimeError as error:
        raise ManifestError(f"{path}: is not a sentencepiece model ({error}); build the engines again") from error


def piece_texts(processor: sentencepiece.SentencePieceProcessor) -> tuple[str, ...]:
    """The text of every piece in id order; U+2581 marks the start of a word."""
    return tuple(processor.id_to_piece(index) for index in range(processor.vocab_size()))

"""The texts of a recogniser's labels as a file, for models whose tokenizer is not sentencepiece."""

from dataclasses import dataclass

from speechtrt.documents import SCHEMA

PIECES_FILE = "pieces.json"


@dataclass(frozen=True, slots=True)
class PieceList:
    """The texts of all labels but the blank, in id order; U+2581 marks the start of a word, "" is nothing to say."""

    pieces: tuple[str, ...]
    schema: int = SCHEMA

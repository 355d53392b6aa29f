"""The character vocabulary, as a SentencePiece model in SpeechT5's numbering: <s> 0, <pad> 1, </s> 2, <unk> 3."""

import io
from pathlib import Path

import sentencepiece

from speechtrt.artifact import write_bytes

LETTERS = "etaoinshrdlcumwfgypbvkjxqz"
MARKS = "'.,?!-:;"
END = "</s>"


def write_pieces(path: Path) -> None:
    """Write `spm_char.model`: lower-cases by itself (NFKC with case folding); one piece per letter and mark."""
    # Each character's count falls along the alphabet, so that the order of the pieces is fixed.
    alphabet = LETTERS + MARKS
    lines = [" ".join(alphabet[: place + 1]) for place in range(len(alphabet))]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=model,
        model_type="char",
        vocab_size=4 + 1 + len(alphabet),
        character_coverage=1.0,
        normalization_rule_name="nmt_nfkc_cf",
        bos_id=0,
        pad_id=1,
        eos_id=2,
        unk_id=3,
        minloglevel=2,
    )
    write_bytes(path, model.getvalue())


class Pieces:
    """Text to pieces and ids, as `SpeechT5Tokenizer` numbers them."""

    def __init__(self, path: Path) -> None:
        self._model = sentencepiece.SentencePieceProcessor(model_file=str(path))

    def __len__(self) -> int:
        return int(self._model.get_piece_size())

    def split(self, text: str) -> list[str]:
        """The pieces of `text`, the end mark last."""
        return [*self._model.encode(text, out_type=str), END]

    def ids(self, pieces: list[str]) -> list[int]:
        """The number of each piece."""
        return [int(self._model.piece_to_id(piece)) for piece in pieces]

"""The tokenizer of a SpeechT5 checkpoint: characters as sentencepiece ids, and one end mark."""

import json
from pathlib import Path
from typing import Any

import sentencepiece

from speechtrt.bundle import TextSpec
from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint

_CONFIG = "tokenizer_config.json"
_NAMES = ("spm_char.model", "tokenizer.model")


class Characters:
    """Text to token ids, with the end mark of the model appended."""

    def __init__(self, path: Path, eos: int) -> None:
        try:
            self._pieces: Any = sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise CheckpointError(f"{path}: is not a sentencepiece model; copy the checkpoint again") from error
        self.path = path
        self.eos = eos

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, in the case that the model knows."""
        return [*self._pieces.encode(text.lower() if self.lower_case else text), self.eos]

    @property
    def lower_case(self) -> bool:
        """Whether no piece holds a capital letter."""
        pieces = (self._pieces.id_to_piece(index) for index in range(self._pieces.vocab_size()))
        return not any(piece.isupper() for piece in pieces if len(piece) == 1)

    def spec(self, languages: tuple[str, ...]) -> TextSpec:
        """What a bundle says about its text."""
        return TextSpec(self.path.name, languages, self.lower_case, eos=self.eos, unknown=self._pieces.unk_id())


def load_characters(checkpoint: Checkpoint, eos: int) -> Characters:
    """The tokenizer of `checkpoint`. Raises CheckpointError."""
    for name in _NAMES:
        if (checkpoint.folder / name).is_file():
            return Characters(checkpoint.folder / name, eos)
    raise CheckpointError(f"{checkpoint.id}: has no tokenizer; expected one of {', '.join(_NAMES)} in its folder")


def longest_text(checkpoint: Checkpoint, positions: int) -> int:
    """Most tokens of one text: what the tokenizer says (`model_max_length`), at most the encoder's `positions`."""
    path = checkpoint.folder / _CONFIG
    if not path.is_file():
        return positions
    said = json.loads(path.read_text()).get("model_max_length", positions)
    return int(min(said, positions))

"""Text to the token ids that a model was trained on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import sentencepiece

from speechtrt.bundle import TextSpec
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.pieces import load_pieces


class TokenEncoder(Protocol):
    """Turns a sentence into token ids."""

    def encode(self, text: str) -> Array:
        """Ids int64 [text_len]; characters that the model does not know leave no id."""

    def unknown(self, text: str) -> str:
        """The characters of `text` that the model does not know, each once."""


@dataclass(frozen=True, slots=True)
class PieceEncoder:
    """A sentencepiece model and what its TextSpec adds around it."""

    spec: TextSpec
    processor: sentencepiece.SentencePieceProcessor

    @classmethod
    def load(cls, path: Path, spec: TextSpec) -> "PieceEncoder":
        """Read a sentencepiece model. Raises ManifestError."""
        return cls(spec, load_pieces(path))

    def encode(self, text: str) -> Array:
        """Ids int64 [text_len], with the end token if the model has one."""
        unknown = self._unknown_id()
        ids = [i for i in self.processor.encode(self._cased(text)) if i != unknown]
        return np.array(ids if self.spec.eos is None else [*ids, self.spec.eos], np.int64)

    def unknown(self, text: str) -> str:
        """The characters of `text` that the model does not know, each once."""
        unknown = self._unknown_id()
        return "".join(c for c in dict.fromkeys(self._cased(text)) if unknown in self.processor.encode(c))

    def _cased(self, text: str) -> str:
        return text.lower() if self.spec.lower_case else text

    def _unknown_id(self) -> int:
        return self.processor.unk_id() if self.spec.unknown is None else self.spec.unknown

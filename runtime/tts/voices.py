"""The speakers of a model, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.engine_set import EngineFolder
from speechtrt.errors import ManifestError, TextError
from speechtrt.runtime.backends.base import Array


@dataclass(frozen=True, slots=True)
class Voices:
    """Speaker embeddings float32 [speaker_dim] by name, in the model's order."""

    embeddings: Mapping[str, Array]

    @classmethod
    def load(cls, folder: EngineFolder) -> "Voices":
        """Every voice of an engine set. Raises ManifestError or IntegrityError."""
        voices = folder.manifest.model.voices
        if not voices:
            raise ManifestError(f"{folder.path}: its model has no voices; export it with at least one")
        return cls({voice.name: _embedding(folder.file(voice.file)) for voice in voices})

    @property
    def names(self) -> tuple[str, ...]:
        """Known names; the first is the default."""
        return tuple(self.embeddings)

    def get(self, name: str | None) -> Array:
        """The embedding of a voice, None for the default. Raises TextError."""
        if name is None:
            return self.embeddings[self.names[0]]
        if name not in self.embeddings:
            raise TextError(f"there is no voice {name!r}; this model has {', '.join(self.names)}")
        return self.embeddings[name]


def _embedding(path: Path) -> Array:
    try:
        value = np.load(path, allow_pickle=False)
    except ValueError as error:
        raise ManifestError(f"{path}: is not an array file ({error}); build the engines again") from error
    return np.asarray(value, np.float32).reshape(-1)

"""Recipe of a voice's training: everything that decides its result, read from TOML."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechtrt.errors import DataError


@dataclass(frozen=True, slots=True)
class VoiceRecipe:
    """Sizes, losses and schedule of one acoustic training."""

    hidden: int
    heads: int
    layers: int
    feed_forward: int
    prenet: int
    postnet: int
    speaker: int
    dropout: float
    seed: int
    batch: int
    spelling_steps: int
    spelling_batch: int
    spelling_words: int
    spelling_learning_rate: float
    steps: int
    anneal: int
    warmup: int
    learning_rate: float
    final_learning_rate: float
    noise: float
    sampled: float
    sampled_from: int
    sampled_steps: int
    stop_weight: float
    attention_weight: float
    final_attention_weight: float
    attention_steps: int
    spelling_weight: float
    review_rows: int


def read_voice_recipe(path: Path) -> VoiceRecipe:
    """Parse a recipe. Raises DataError for a missing file, an unknown or a missing key."""
    try:
        fields = tomllib.loads(path.read_text())["voice"]
        return msgspec.convert(fields, VoiceRecipe)
    except (OSError, KeyError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DataError(f"{path}: is not a voice recipe ({error}); expected a [voice] table") from error

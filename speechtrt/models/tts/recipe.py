"""Recipe of a voice's training: everything that decides its result, read from TOML."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.models.recipe_file import read_recipe, shipped_recipe


@dataclass(frozen=True, slots=True)
class VoiceRecipe:
    """Sizes, losses and schedule of one acoustic training.

    In a share `joined` of the updates two utterances are spoken in a row: longer than any of the sets, lest the
    attention never learns where long texts end.
    """

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
    joined: float
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


def read_voice_recipe(path: Path | None = None) -> VoiceRecipe:
    """The recipe in `path`, or the one that ships with the package. Raises DataError."""
    return read_recipe(path or shipped_recipe("tts.toml"), VoiceRecipe, "voice")

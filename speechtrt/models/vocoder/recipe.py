"""Recipe of a vocoder training: everything that decides its result, read from TOML."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.models.recipe_file import read_recipe, shipped_recipe


@dataclass(frozen=True, slots=True)
class VocoderRecipe:
    """Sizes, losses and schedule of one vocoder training."""

    channels: int
    upsample_rates: tuple[int, ...]
    kernels: tuple[int, ...]
    dilations: tuple[tuple[int, ...], ...]
    seed: int
    batch: int
    segment_frames: int
    steps: int
    anneal: int
    learning_rate: float
    final_learning_rate: float
    mel_weight: float
    spectral_weight: float
    adversarial_from: int
    adversarial_weight: float
    matching_weight: float
    discriminator_channels: int
    discriminator_learning_rate: float


def read_vocoder_recipe(path: Path | None = None) -> VocoderRecipe:
    """The recipe in `path`, or the one that ships with the package. Raises DataError."""
    return read_recipe(path or shipped_recipe("vocoder.toml"), VocoderRecipe, "vocoder")

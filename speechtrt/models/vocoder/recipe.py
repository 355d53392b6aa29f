"""Recipe of a vocoder training: everything that decides its result, read from TOML."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from speechtrt.errors import DataError


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


def read_vocoder_recipe(path: Path) -> VocoderRecipe:
    """Parse a recipe. Raises DataError for a missing file, an unknown or a missing key."""
    try:
        fields = tomllib.loads(path.read_text())["vocoder"]
        return msgspec.convert(fields, VocoderRecipe)
    except (OSError, KeyError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DataError(f"{path}: is not a vocoder recipe ({error}); expected a [vocoder] table") from error

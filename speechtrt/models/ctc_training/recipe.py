"""The recipe of a CTC model, read from TOML."""

import tomllib
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from speechtrt.errors import DataError
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_training.augment import Augmentation
from speechtrt.models.ctc_training.start import Start


@dataclass(frozen=True, slots=True)
class CtcRecipe:
    """Sets to train on, sizes, and the numbers of the training. `encoder` is passed to the encoder's configuration."""

    encoder: dict[str, Any]
    train_sets: tuple[str, ...] = ("train",)
    held_out_set: str = "held_out"
    vocab_size: int = 256
    lookaheads: tuple[int, ...] = (1, 6)
    rows: int = 32
    peak_rate: float = 1e-3
    warmup_steps: int = 300
    minutes: float = 90.0
    seed: int = 1
    phone_weight: float = 2.0
    phone_until: float = 0.5  # progress at which the phone loss has faded out
    augmentation: Augmentation = field(default_factory=Augmentation)
    start: Start | None = None

    def config(self) -> FastConformerCtcConfig:
        """The model's configuration."""
        return FastConformerCtcConfig(
            encoder_config=self.encoder, vocab_size=self.vocab_size, lookaheads=list(self.lookaheads)
        )


def load_recipe(path: Path | None = None) -> CtcRecipe:
    """The recipe in `path`, or the one that ships with the package. Raises DataError when it is malformed."""
    source = path or Path(str(files("speechtrt.models").joinpath("recipes/ctc-base.toml")))
    try:
        return msgspec.convert(tomllib.loads(source.read_text(encoding="utf-8")), CtcRecipe)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DataError(
            f"{source}: is not a CTC recipe ({error}); see speechtrt/models/recipes/ctc-base.toml"
        ) from error

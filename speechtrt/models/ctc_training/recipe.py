"""The recipe of a CTC model, read from TOML."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_training.augment import Augmentation
from speechtrt.models.ctc_training.distillation import TeacherPlan
from speechtrt.models.ctc_training.start import Start
from speechtrt.models.recipe_file import read_recipe, shipped_recipe


@dataclass(frozen=True, slots=True)
class CtcRecipe:
    """Sets to train on, sizes, and the numbers of the training. `encoder` is passed to the encoder's configuration."""

    encoder: dict[str, Any]
    name: str = "ctc"
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
    tokenizer: str | None = None  # a model whose pieces are used; trained on the texts, or that of `start`, if absent
    start: Start | None = None
    teacher: TeacherPlan | None = None

    def config(self) -> FastConformerCtcConfig:
        """The model's configuration."""
        return FastConformerCtcConfig(
            encoder_config=self.encoder, vocab_size=self.vocab_size, lookaheads=list(self.lookaheads)
        )


def load_recipe(source: str | Path = "ctc-medium") -> CtcRecipe:
    """The recipe in a file, or the shipped one of that name. Raises DataError when it is missing or malformed."""
    path = Path(source)
    return read_recipe(path if path.suffix == ".toml" else shipped_recipe(f"{source}.toml"), CtcRecipe)

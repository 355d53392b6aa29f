"""Recipe of the language model: everything that decides its result, read from TOML."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from itertools import pairwise
from pathlib import Path

import msgspec

from speechtrt.errors import DataError


@dataclass(frozen=True, slots=True)
class LanguageRecipe:
    """Order, how much text of which seed, the counts below which n-grams are pruned, and lists of hot words."""

    order: int
    sentences: int
    cutoffs: tuple[int, ...]
    seed: int
    hot_words: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.cutoffs) != self.order or any(a > b for a, b in pairwise(self.cutoffs)):
            raise ValueError(f"cutoffs are {self.cutoffs}; expected {self.order} numbers that do not fall")


def load_lm_recipe(path: Path | None = None) -> LanguageRecipe:
    """The recipe in `path`, or the one that ships with the package. Raises DataError when it is malformed."""
    source = path or Path(str(files("speechtrt.models").joinpath("recipes/lm.toml")))
    try:
        return msgspec.convert(tomllib.loads(source.read_text(encoding="utf-8")), LanguageRecipe)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise DataError(
            f"{source}: is not a language recipe ({error}); see speechtrt/models/recipes/lm.toml"
        ) from error

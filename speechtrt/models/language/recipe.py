"""Recipe of the language model: everything that decides its result, read from TOML."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from speechtrt.models.recipe_file import read_recipe, shipped_recipe


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
    """The recipe in `path`, or the one that ships with the package. Raises DataError."""
    return read_recipe(path or shipped_recipe("lm.toml"), LanguageRecipe)

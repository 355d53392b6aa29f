"""Make the language model of a recipe: `words.arpa.gz`, `hotwords.txt`, a model card and checksums."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from speechtrt.artifact import staged_folder, write_bytes
from speechtrt.models.data.grammar import load_grammar
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.language.arpa import perplexity, write_arpa
from speechtrt.models.language.kneser_ney import estimate
from speechtrt.models.language.recipe import LanguageRecipe
from speechtrt.models.shipped import CARD, write_checksums

ARPA = "words.arpa.gz"
HOT_WORDS = "hotwords.txt"
HELD_OUT_SENTENCES = 2000


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """Size of the compressed file, number of n-grams of all lengths, and perplexity per word on held-out sentences."""

    bytes: int
    grams: int
    perplexity: float


def make_language_model(recipe: LanguageRecipe, target: Path) -> LanguageFigures:
    """Write `target`; the same bytes for the same recipe. Only sentences of the training split are counted."""
    model = estimate(sentences(recipe.sentences, recipe.seed, Split.TRAIN), recipe.order, recipe.cutoffs)
    held_out = perplexity(model, sentences(HELD_OUT_SENTENCES, recipe.seed, Split.HELD_OUT))
    with staged_folder(target) as folder:
        size = write_arpa(folder / ARPA, model)
        figures = LanguageFigures(size, sum(map(len, model.orders)), round(held_out, 2))
        write_bytes(folder / HOT_WORDS, _hot_words(recipe).encode())
        write_bytes(folder / CARD, _card(recipe, figures, [len(order) for order in model.orders]).encode())
        write_checksums(folder)
    return figures


def _hot_words(recipe: LanguageRecipe) -> str:
    rules = load_grammar().rules
    return "".join(f"{word}\n" for word in sorted({word for name in recipe.hot_words for word in rules[name]}))


def _card(recipe: LanguageRecipe, figures: LanguageFigures, sizes: list[int]) -> str:
    text = files("speechtrt.models.language").joinpath("card.md").read_text(encoding="utf-8")
    return text.format(
        order=recipe.order,
        sentences=recipe.sentences,
        seed=recipe.seed,
        cutoffs=", ".join(map(str, recipe.cutoffs)),
        sizes=", ".join(f"{size:,}" for size in sizes),
        kilobytes=figures.bytes / 1000,
        perplexity=figures.perplexity,
        held_out=HELD_OUT_SENTENCES,
    )

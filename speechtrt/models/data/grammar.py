"""The grammar that sentences are made from: templates, word lists and the vocabulary they span."""

import random
import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files

_SLOT = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Grammar:
    """Alternatives by name, sentence templates by kind, and the weight of each kind.

    The kind `free` has no template: it is a run of words drawn from the vocabulary.
    """

    rules: dict[str, tuple[str, ...]]
    templates: dict[str, tuple[str, ...]]
    weights: dict[str, int]
    vocabulary: tuple[str, ...]

    def expand(self, template: str, rng: random.Random) -> str:
        """`template` with every {name} replaced, recursively, by a random alternative."""
        while _SLOT.search(template):
            template = _SLOT.sub(lambda slot: rng.choice(self.rules[slot[1]]), template)
        return template


def load_grammar() -> Grammar:
    """The grammar that ships with the package."""
    table = tomllib.loads(files("speechtrt.models.data").joinpath("grammar.toml").read_text(encoding="utf-8"))
    rules = {name: tuple(dict.fromkeys(words.split())) for name, words in table["words"].items()}
    rules |= {name: tuple(phrases) for name, phrases in table["phrases"].items()}
    rules |= {name: tuple(choices.split("|")) for name, choices in table["choices"].items()}
    templates = {kind: tuple(lines) for kind, lines in table["kinds_text"].items()}
    return Grammar(rules, templates, table["kinds"], _vocabulary(rules, templates))


def _vocabulary(rules: dict[str, tuple[str, ...]], templates: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Every word that can be said, sorted, so that a seed means the same sentences on every machine."""
    texts = [text for table in (rules, templates) for lines in table.values() for text in lines]
    return tuple(sorted({word for text in texts for word in _SLOT.sub(" ", text).split()}))

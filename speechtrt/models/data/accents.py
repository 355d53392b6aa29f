"""Accents as rewriting rules over espeak-ng's phonemes: the rules of `accents.toml`, and how they are applied."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

SEPARATOR = "|"
EDGE = "#"
STRESS = "',%="
Word = list[str]  # phonemes of a word, each with espeak's stress mark before it if it has one


@dataclass(frozen=True, slots=True)
class Rule:
    """One change of an accent: what it is, `changes` ("old old > new new"), and the neighbours and stress it needs."""

    name: str
    changes: tuple[str, ...]
    before: str = ""
    after: str = ""
    stress: bool | None = None

    def apply(self, word: Word) -> Word:
        """`word` with every phoneme that fits replaced."""
        table, changed = _table(self.changes), []
        for place, phoneme in enumerate(word):
            mark, name = split_stress(phoneme)
            new = table.get(name) if self._fits(word, place) else None
            changed += [phoneme] if new is None else [mark + first for first in new[:1]] + list(new[1:])
        return changed

    def _fits(self, word: Word, place: int) -> bool:
        after = split_stress(word[place - 1])[1] if place else EDGE
        before = split_stress(word[place + 1])[1] if place + 1 < len(word) else EDGE
        return (
            (not self.before or before in self.before.split())
            and (not self.after or after in self.after.split())
            and (self.stress is None or self.stress == _stressed(word, place))
        )


@dataclass(frozen=True, slots=True)
class Accent:
    """Rules between the voice that reads the text (`source`) and the language that speaks the phonemes (`speaker`)."""

    source: str
    speaker: str
    rules: tuple[Rule, ...]

    def apply(self, phonemes: str) -> str:
        """A line of `espeak-ng -q -x --sep='|'`, spoken in this accent, as input that espeak-ng takes: `[[...]]`."""
        words = [word.split(SEPARATOR) for word in phonemes.split()]
        for rule in self.rules:
            words = [rule.apply(word) for word in words]
        return "[[" + " ".join(SEPARATOR.join(word) for word in words) + "]]"


def split_stress(phoneme: str) -> tuple[str, str]:
    """Stress mark (or nothing) and name of a phoneme."""
    return (phoneme[0], phoneme[1:]) if phoneme[:1] in STRESS and len(phoneme) > 1 else ("", phoneme)


def _stressed(word: Word, place: int) -> bool:
    """A vowel by its own mark, a consonant by that of the vowel before it."""
    marks = {split_stress(phoneme)[0] for phoneme in word[max(0, place - 1) : place + 1]}
    return not marks.isdisjoint("',")


@cache
def _table(changes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    pairs = [change.split(">") for change in changes]
    return {name: tuple(new.split()) for old, new in reversed(pairs) for name in old.split()}


@cache
def load_accents() -> dict[str, Accent]:
    """The accents that ship with the package, by the name of their dialect group."""
    text = files("speechtrt.models.data").joinpath("accents.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), dict[str, Accent])

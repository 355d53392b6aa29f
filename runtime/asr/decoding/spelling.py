"""What the labels of a model can spell."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from speechtrt.errors import DataError, TextError
from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.decoding.words import WORD_START

FEWEST_SPELLED = 0.5  # of a language model's words: below that it is one of another spelling
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Spelling:
    """The texts of a model's labels. Models that know only small letters, or only large ones, are asked in those."""

    pieces: frozenset[str]

    @classmethod
    def of(cls, pieces: Iterable[str]) -> "Spelling":
        """The spelling of labels with these texts."""
        return cls(frozenset(piece for piece in pieces if piece))

    def fold(self, text: str) -> str:
        """`text` in the case of the labels, with single spaces."""
        letters = "".join(self.pieces)
        spaced = " ".join(text.split())
        if spaced.lower() != spaced and letters == letters.lower():
            return spaced.lower()
        if spaced.upper() != spaced and letters == letters.upper():
            return spaced.upper()
        return spaced

    def spells(self, word: str) -> bool:
        """Whether labels in a row make this word."""
        text = WORD_START + word
        longest = max(map(len, self.pieces), default=0)
        reached = [True] + [False] * len(text)
        for end in range(1, len(text) + 1):
            reached[end] = any(
                reached[start] and text[start:end] in self.pieces for start in range(max(0, end - longest), end)
            )
        return reached[-1]

    def phrase(self, phrase: HotPhrase) -> HotPhrase:
        """The phrase in the case of the labels. Raises TextError when they cannot spell it."""
        text = self.fold(phrase.text)
        for word in text.split():
            if not self.spells(word):
                raise TextError(
                    f"hot phrase {phrase.text!r}: the model has no labels for {word!r}; "
                    "write it as it would be transcribed, or leave it out"
                )
        return HotPhrase(text, phrase.boost)

    def expect_words(self, source: object, words: Sequence[str]) -> None:
        """Raises DataError when a language model's words are mostly none that the labels can spell."""
        letters = set("".join(self.pieces))
        foreign = [word for word in words if not letters.issuperset(word)]
        if len(foreign) > (1 - FEWEST_SPELLED) * len(words):
            raise DataError(
                f"{source}: {len(foreign)} of {len(words)} words have letters that the model has no labels for, "
                f"such as {', '.join(foreign[:EXAMPLES])}; expected words as the model writes them"
            )

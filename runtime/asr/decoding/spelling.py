"""What the labels of a model can spell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from speechtrt.errors import DataError, TextError
from speechtrt.runtime.asr.decoding.options import HotPhrase
from speechtrt.runtime.asr.decoding.words import WORD_START

FEWEST_SPELLED = 0.5  # of a language model's words: below that it is one of another spelling
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Spelling:
    """The labels of a model by their texts. Models that know only small or only large letters are asked in those."""

    numbers: Mapping[str, int]

    @classmethod
    def of(cls, pieces: Sequence[str]) -> "Spelling":
        """The spelling of labels with these texts, silent ones left out."""
        return cls({piece: label for label, piece in reversed(list(enumerate(pieces))) if piece})

    def fold(self, text: str) -> str:
        """`text` in the case of the labels, with single spaces."""
        letters = "".join(self.numbers)
        spaced = " ".join(text.split())
        if spaced.lower() != spaced and letters == letters.lower():
            return spaced.lower()
        if spaced.upper() != spaced and letters == letters.upper():
            return spaced.upper()
        return spaced

    def spells(self, word: str) -> bool:
        """Whether labels in a row make this word."""
        text = WORD_START + word
        longest = max(map(len, self.numbers), default=0)
        reached = [True] + [False] * len(text)
        for end in range(1, len(text) + 1):
            reached[end] = any(
                reached[start] and text[start:end] in self.numbers for start in range(max(0, end - longest), end)
            )
        return reached[-1]

    def labels(self, text: str) -> list[int]:
        """Labels that spell a text, as byte-pair encoding finds them: the pair with the lowest label is joined first.

        Raises TextError for a word that they cannot spell.
        """
        found = [label for word in self.fold(text).split() for label in self._word(word)]
        return found[1:] if self.by_character and found else found  # nothing is spoken before the first word

    @property
    def by_character(self) -> bool:
        """Whether the mark that begins a word is always a label of its own."""
        return not any(piece.startswith(WORD_START) and piece != WORD_START for piece in self.numbers)

    def _word(self, word: str) -> list[int]:
        parts = list(WORD_START + word)
        while True:
            pairs = [self.numbers.get(a + b, len(self.numbers)) for a, b in pairwise(parts)]
            if not pairs or min(pairs) == len(self.numbers):
                break
            place = pairs.index(min(pairs))
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        unknown = [part for part in parts if part not in self.numbers]
        if unknown:
            raise TextError(f"the model has no label for {unknown[0]!r} in {word!r}; write it as it is transcribed")
        return [self.numbers[part] for part in parts]

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
        letters = set("".join(self.numbers))
        foreign = [word for word in words if not letters.issuperset(word)]
        if len(foreign) > (1 - FEWEST_SPELLED) * len(words):
            raise DataError(
                f"{source}: {len(foreign)} of {len(words)} words have letters that the model has no labels for, "
                f"such as {', '.join(foreign[:EXAMPLES])}; expected words as the model writes them"
            )

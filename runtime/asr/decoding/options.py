"""How a stream's frames become words: what a caller may choose, and what a result file names."""

from dataclasses import dataclass, replace
from pathlib import Path

from speechtrt.errors import TextError

WIDTH = 8
BOOST = 2.0
LM_WEIGHT = 0.6
WORD_BONUS = 4.0
MOST_WIDTH, MOST_BOOST, MOST_ALTERNATIVES = 256, 50.0, 64
MOST_PHRASES, MOST_CHARACTERS = 5000, 200
MOST_CHARACTERS_IN_ALL = 50_000  # each is a node of an automaton


@dataclass(frozen=True, slots=True)
class HotPhrase:
    """Words that a stream is likely to hold; `boost` is added to the logarithm of a reading that has them."""

    text: str
    boost: float = BOOST

    def __post_init__(self) -> None:
        """Raises TextError for a phrase without words, or a boost that would drown the sound."""
        if not self.text.split():
            raise TextError("a hot phrase is empty; expected at least one word")
        if len(self.text) > MOST_CHARACTERS:
            raise TextError(
                f"hot phrase {self.text[:20]!r}... has {len(self.text)} characters; expected at most {MOST_CHARACTERS}"
            )
        if not -MOST_BOOST <= self.boost <= MOST_BOOST:
            raise TextError(
                f"hot phrase {self.text!r} has a boost of {self.boost:g}; expected -{MOST_BOOST:g} to {MOST_BOOST:g}"
            )


@dataclass(frozen=True, slots=True)
class DecodingOptions:
    """Greedy without a `beam`; else a prefix beam search that keeps so many prefixes after each frame.

    A reading's score is ln P(labels | sound) + `lm_weight` * ln P(words) + `bonus` * words + boosts. `lm` is a
    word n-gram model in ARPA format, plain or gzip. `alternatives` readings at most are told with every final.
    """

    beam: int | None = None
    lm: Path | None = None
    lm_weight: float = LM_WEIGHT
    word_bonus: float | None = None
    hot_words: tuple[HotPhrase, ...] = ()
    alternatives: int = 1

    def __post_init__(self) -> None:
        """Raises TextError for what no beam can be."""
        if self.beam is not None and not 1 <= self.beam <= MOST_WIDTH:
            raise TextError(f"a beam of {self.beam} prefixes was asked for; expected 1 to {MOST_WIDTH}")
        if not 1 <= self.alternatives <= MOST_ALTERNATIVES:
            raise TextError(f"{self.alternatives} alternatives were asked for; expected 1 to {MOST_ALTERNATIVES}")
        if len(self.hot_words) > MOST_PHRASES:
            raise TextError(f"{len(self.hot_words)} hot phrases were given; expected at most {MOST_PHRASES}")
        length = sum(len(phrase.text) for phrase in self.hot_words)
        if length > MOST_CHARACTERS_IN_ALL:
            raise TextError(f"hot phrases of {length} characters were given; expected at most {MOST_CHARACTERS_IN_ALL}")
        if self.beam is None and (self.lm or self.hot_words or self.alternatives > 1):
            raise TextError("a language model, hot words and alternatives need a beam; greedy decoding has none")

    @property
    def bonus(self) -> float:
        """For every word. A language model takes something from each, so it needs one; nothing else does."""
        return (WORD_BONUS if self.lm else 0.0) if self.word_bonus is None else self.word_bonus

    @property
    def name(self) -> str:
        """Everything that decides the result, in one line."""
        if self.beam is None:
            return "greedy"
        model = f", {self.lm.name} x {self.lm_weight:g}" if self.lm else ""
        bonus = f", word bonus {self.bonus:g}" if self.bonus else ""
        hot = f", hot phrases: {len(self.hot_words)}" if self.hot_words else ""
        return f"beam {self.beam}{model}{bonus}{hot}"

    def favouring(self, hot_words: tuple[HotPhrase, ...] = (), alternatives: int = 1) -> "DecodingOptions":
        """These options for one session: a beam where it takes one, more hot words, at least so many alternatives."""
        if self.beam is None and not hot_words and alternatives == 1:
            return self
        return replace(
            self,
            beam=self.beam or WIDTH,
            hot_words=(*self.hot_words, *hot_words),
            alternatives=max(self.alternatives, alternatives),
        )


GREEDY = DecodingOptions()

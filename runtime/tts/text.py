"""The text front end: what is written becomes sentences of tokens that the model can speak."""

import unicodedata
from dataclasses import dataclass

from speechtrt.errors import TextError
from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.normalisation import normalise
from speechtrt.runtime.tts.sentences import split_sentences
from speechtrt.runtime.tts.tokens import TokenEncoder

ENGLISH = "en"
LONGEST_TEXT = 50_000  # an hour of speech
LONGEST_PART = 600  # characters; the voice tires of longer ones
SENTENCE_PAUSE, CLAUSE_PAUSE = 0.2, 0.1  # seconds
SHOWN = 40  # characters of a refused text that the message repeats


@dataclass(frozen=True, slots=True)
class Sentence:
    """A part that is spoken at once: token ids int64 [text_len], and the seconds of silence after it."""

    tokens: Array
    pause: float


@dataclass(frozen=True, slots=True)
class Script:
    """A text ready to be spoken: its sentences, or parts of them, and what was left out."""

    sentences: tuple[Sentence, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Prepares text for one model. `max_tokens` is the longest sentence that the model takes."""

    encoder: TokenEncoder
    languages: tuple[str, ...]
    max_tokens: int

    def prepare(self, text: str, language: str | None = None) -> Script:
        """The script of `text`. Raises TextError when there is nothing to speak, or too much."""
        self._check(text, language)
        text = _clean(text)
        spoken = self._known(normalise(text) if ENGLISH in self.languages else " ".join(text.split()))
        pieces = [p for p in split_sentences(spoken, self._fits) if self._speakable(p)]
        if not pieces:
            raise TextError(f"nothing in {_shown(text)} can be spoken by this model; expected letters or numbers")
        return Script(tuple(Sentence(self.encoder.encode(p), _pause(p)) for p in pieces), self._left_out(spoken))

    def _check(self, text: str, language: str | None) -> None:
        if language is not None and language.replace("_", "-").split("-")[0].lower() not in self.languages:
            raise TextError(f"the model does not speak {language!r}; expected {' or '.join(self.languages)}")
        if len(text) > LONGEST_TEXT:
            raise TextError(f"the text has {len(text)} characters; expected at most {LONGEST_TEXT}: speak it in parts")
        if not text.strip():
            raise TextError("the text is empty; expected at least one word")

    def _known(self, text: str) -> str:
        """Letters that the model knows only without their accents lose them."""
        plain = {ord(c): unicodedata.normalize("NFKD", c)[0] for c in set(text) if self.encoder.unknown(c)}
        return text.translate(plain)

    def _fits(self, text: str) -> bool:
        return len(text) <= LONGEST_PART and len(self.encoder.encode(text)) <= self.max_tokens

    def _speakable(self, text: str) -> bool:
        unknown = self.encoder.unknown(text)
        return any(c.isalnum() and c not in unknown and c.lower() not in unknown for c in text)

    def _left_out(self, text: str) -> tuple[str, ...]:
        """Punctuation that a model does not know is silent anyway; anything else is worth a word."""
        letters = [c for c in self.encoder.unknown(text) if c.isalnum() or not c.isascii()]
        return (f"left out characters that the model does not know: {' '.join(letters)}",) if letters else ()


def _clean(text: str) -> str:
    """Halves of characters are dropped, and what controls a terminal becomes a space."""
    whole = text.encode("utf-8", "ignore").decode("utf-8")
    return "".join(" " if unicodedata.category(c) == "Cc" else c for c in whole)


def _pause(text: str) -> float:
    """A speaker breathes after a sentence, hesitates after a clause, and goes on within one."""
    last = text.rstrip("\"')]")[-1:]
    return SENTENCE_PAUSE if last in ".!?" else CLAUSE_PAUSE if last in ",;:" else 0.0


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= SHOWN else f"{text[:SHOWN]}...")

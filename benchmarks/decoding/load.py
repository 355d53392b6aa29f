"""Which recordings are heard, and how they are decoded."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from speechtrt.audio import Audio, read_audio
from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.evaluation.utterances import dialect_utterances
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions
from speechtrt.runtime.asr.decoding.phrase_file import read_phrases
from speechtrt.runtime.asr.decoding.shipped import language_model_file

ARRIVAL = "offline: all recordings are at hand at time 0, and `batch` of them are heard at once by one thread"
BATCH = 16
QUICK_UTTERANCES = 10
GREEDY_WAY = "greedy"
HOT_WORDS = "hotwords.txt"
WIDTHS = (4, 8, 16)
TUNED_WIDTH = 8
WEIGHTS = (0.4, 0.6, 0.8)
BONUSES = (2.0, 3.0, 4.0, 5.0)

Ways = Mapping[str, DecodingOptions]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A recording that was read, what is said in it, and by whom."""

    text: str
    voice: str
    dialect: str
    audio: Audio


@dataclass(frozen=True, slots=True)
class DecodingLoad:
    """The load of a decoding result, as its document states it; `decodings` are the names of what was compared."""

    model: str
    engine: str
    set: str
    origin: str
    utterances: int
    words: int
    audio_seconds: float
    arrival: str
    batch: int
    chunks: tuple[int, ...]
    decodings: dict[str, str]
    trials: int


def test_set(quick: bool) -> tuple[Spoken, ...]:
    """The shipped test set of the dialect groups, or a few of it. Raises DataError or AudioError."""
    found = dialect_utterances()[: QUICK_UTTERANCES if quick else None]
    return tuple(Spoken(one.text, one.voice, one.dialect or "", read_audio(one.path)) for one in found)


def made_set(folder: Path, quick: bool) -> tuple[Spoken, ...]:
    """A set that `speechtrt train data` made, or a few of it. Raises DataError or AudioError."""
    found = read_manifest(folder)[: QUICK_UTTERANCES if quick else None]
    return tuple(Spoken(one.text, one.voice, one.dialect or "", read_audio(folder / one.audio)) for one in found)


def compared_ways() -> Ways:
    """Greedy, a beam alone, with the shipped hot words, and of several widths with the shipped language model."""
    words = language_model_file("words")
    alone, hot = DecodingOptions(TUNED_WIDTH), read_phrases(words.with_name(HOT_WORDS))
    return {
        GREEDY_WAY: GREEDY,
        f"beam_{TUNED_WIDTH}": alone,
        f"beam_{TUNED_WIDTH}_hot": replace(alone, hot_words=hot),
        **{f"beam_{width}_words": DecodingOptions(width, words) for width in WIDTHS},
        f"beam_{TUNED_WIDTH}_words_hot": DecodingOptions(TUNED_WIDTH, words, hot_words=hot),
    }


def tuned_ways() -> Ways:
    """Greedy, and weights and bonuses around the defaults."""
    words = language_model_file("words")
    grid = {
        f"weight_{weight:g}_bonus_{bonus:g}".replace(".", "_"): DecodingOptions(TUNED_WIDTH, words, weight, bonus)
        for weight in WEIGHTS
        for bonus in BONUSES
    }
    return {GREEDY_WAY: GREEDY, **grid}

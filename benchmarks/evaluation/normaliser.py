"""What counts as the same word."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version

from speechtrt.errors import DataError

PACKAGE = "whisper-normalizer"
UNSPACED = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


class NormaliserName(StrEnum):
    """How texts are made comparable; `none` compares them as they are."""

    NONE = "none"
    BASIC = "basic"
    WHISPER_EN = "whisper-en"


@dataclass(frozen=True, slots=True)
class Normaliser:
    """`title` names the rules and their version, for result files."""

    title: str
    apply: Callable[[str], str]


def open_normaliser(name: NormaliserName) -> Normaliser:
    """Raises DataError when its package is not installed."""
    if name is NormaliserName.NONE:
        return Normaliser("none", lambda text: " ".join(text.split()))
    if name is NormaliserName.BASIC:
        return Normaliser("basic 1", basic)
    try:
        from whisper_normalizer.english import EnglishTextNormalizer
    except ImportError as error:
        raise DataError(f"{name} needs the package {PACKAGE}: pip install 'speechtrt[bench]'") from error
    return Normaliser(f"whisper-en ({PACKAGE} {version(PACKAGE)})", EnglishTextNormalizer())


def basic(text: str) -> str:
    """Lower case without punctuation and symbols; apostrophes inside words and all letters and digits stay."""
    plain = unicodedata.normalize("NFKC", text).lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" or c == "'" else " " for c in plain)
    return " ".join(re.sub(r"(?<!\w)'|'(?!\w)", " ", kept).split())


def unspaced(text: str) -> bool:
    """Whether most letters are of a script that puts no spaces between words, so that characters count first."""
    letters = [c for c in text if unicodedata.category(c)[0] in "LM"]
    return 2 * sum(unicodedata.name(c, "").startswith(UNSPACED) for c in letters) > len(letters)

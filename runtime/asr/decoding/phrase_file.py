"""Files of hot words."""

from pathlib import Path

from speechtrt.errors import DataError, TextError
from speechtrt.runtime.asr.decoding.options import HotPhrase

ADVICE = "expected a word or phrase per line, and perhaps a tab and its boost"


def read_phrases(path: Path) -> tuple[HotPhrase, ...]:
    """A phrase per line, with a boost after a tab if it has its own; lines that begin with # are remarks.

    Raises DataError for a file that is missing, empty or no such list.
    """
    try:
        lines = enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        phrases = tuple(_phrase(path, number, line) for number, line in lines if line.strip() and line[0] != "#")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error.reason
        raise DataError(f"{path}: cannot be read as hot words ({reason}); {ADVICE}") from error
    if not phrases:
        raise DataError(f"{path}: has no hot words; {ADVICE}")
    return phrases


def _phrase(path: Path, number: int, line: str) -> HotPhrase:
    text, tab, boost = line.partition("\t")
    try:
        return HotPhrase(text.strip(), float(boost)) if tab else HotPhrase(text.strip())
    except (ValueError, TextError) as error:
        raise DataError(f"{path}: line {number} is no hot phrase ({error}); {ADVICE}") from error

"""Word n-gram models as ARPA text, plain or gzip, read line by line into arrays."""

import gzip
import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechtrt.errors import DataError

BEGIN, END, UNKNOWN = "<s>", "</s>", "<unk>"
GZIP = b"\x1f\x8b"
FACTOR = 0x9E3779B97F4A7C15  # 2^64 divided by the golden ratio: spreads consecutive numbers over all of 64 bits
HEADER, FIRST_LINES = "\\data\\", 100
ADVICE = "expected an n-gram model in ARPA format, plain or gzip; name another file"


@dataclass(slots=True)
class Section:
    """The n-grams of one length as they are read: ids [n * length], base-10 logarithms [n]."""

    length: int
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    probabilities: "array[float]" = field(default_factory=lambda: array("f"))
    backoffs: "array[float]" = field(default_factory=lambda: array("f"))

    @property
    def logarithms(self) -> "tuple[array[float], array[float]]":
        """Probabilities and back-off weights."""
        return self.probabilities, self.backoffs

    def keys(self) -> npt.NDArray[np.uint64]:
        """A hash of every n-gram [n], made from its newest word to its oldest."""
        ids = np.frombuffer(self.ids, np.int64).reshape(-1, self.length)
        keys = np.zeros(len(ids), np.uint64)
        for column in reversed(range(self.length)):
            keys = keys * np.uint64(FACTOR) + ids[:, column].astype(np.uint64) + np.uint64(1)
        return keys


@dataclass(frozen=True, slots=True)
class Arpa:
    """What a file holds: words by id, and the n-grams of length 1, 2, ..."""

    words: dict[str, int]
    sections: tuple[Section, ...]


def read_arpa(path: Path) -> Arpa:
    """Read a model. Raises DataError for a file that is missing or no model."""
    try:
        with path.open("rb") as file:
            packed = file.read(2) == GZIP
        with gzip.open(path, "rt", encoding="utf-8") if packed else path.open(encoding="utf-8") as lines:
            return _read(path, enumerate(lines, 1))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DataError(f"{path}: cannot be read as a language model ({reason}); {ADVICE}") from error


def _read(path: Path, lines: Iterator[tuple[int, str]]) -> Arpa:
    counts = _counts(path, lines)
    words: dict[str, int] = {}
    sections: list[Section] = []
    for number, line in lines:
        fields = line.split()
        if not fields:
            continue
        if fields[0] == "\\end\\":
            break
        if line.startswith("\\"):
            sections.append(Section(len(sections) + 1))
            continue
        try:
            _add(sections[-1], fields, words)
        except (ValueError, KeyError, IndexError) as error:
            raise DataError(f"{path}: line {number} is no n-gram ({line.strip()[:60]!r}); {ADVICE}") from error
    found = [len(section.probabilities) for section in sections]
    if not found or found != counts:
        raise DataError(f"{path}: holds {found} n-grams by length, but announces {counts}; {ADVICE}")
    return Arpa(words, tuple(sections))


def _counts(path: Path, lines: Iterator[tuple[int, str]]) -> list[int]:
    """The numbers that the header announces."""
    counts: list[int] | None = None
    for number, line in lines:
        text = line.strip()
        if text == HEADER:
            counts = []
        elif counts is not None and text.startswith("ngram "):
            found = text.rpartition("=")[2].strip()
            if not found.isdecimal():
                raise DataError(f"{path}: line {number} is no number of n-grams ({text[:60]!r}); {ADVICE}")
            counts.append(int(found))
        elif counts and not text:
            return counts
        elif counts is None and number > FIRST_LINES:
            break
    raise DataError(f"{path}: has no {HEADER} section; {ADVICE}")


def _add(section: Section, fields: list[str], words: dict[str, int]) -> None:
    """A line is a probability, the words, and perhaps a back-off weight."""
    last = section.length + 1
    if not last <= len(fields) <= last + 1:
        raise ValueError(len(fields))
    if section.length == 1:
        words.setdefault(fields[1], len(words))
    section.ids.extend([words[word] for word in fields[1:last]])
    section.probabilities.append(_number(fields[0]))
    section.backoffs.append(_number(fields[last]) if len(fields) > last else 0.0)


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value

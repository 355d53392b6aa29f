"""Titled tables of text, the same for a terminal and for a page."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a cell is meant; the values are the page's CSS classes."""

    PLAIN = "plain"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Cell:
    """One text and its tone."""

    text: str
    tone: Tone = Tone.PLAIN


Row = tuple[str | Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its title, its column heads, and rows of as many cells. `long` ones are shown when asked for."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    long: bool = False


def verdict(passed: bool) -> Cell:
    """`pass` or `fail`."""
    return Cell("pass", Tone.GOOD) if passed else Cell("fail", Tone.BAD)

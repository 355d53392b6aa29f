"""What a reader of any format hands over."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from speechtrt.errors import DataError

SPEAKER, DURATION = "speaker", "duration"
BUCKETS = (2.0, 5.0, 10.0, 20.0)  # seconds at which duration buckets end


class Problem(StrEnum):
    """Why an utterance is left out."""

    NO_AUDIO = "its audio file is missing"
    NO_TEXT = "its reference is empty"
    SEEN = "its id was there before"
    UNREADABLE = "its audio cannot be read"


@dataclass(frozen=True, slots=True)
class Entry:
    """A recording, what was said, by whom, and the other columns of its line."""

    id: str
    audio: Path
    text: str
    speaker: str
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Skipped:
    """An utterance that is left out, by name."""

    id: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class Manifest:
    """Utterances that can be heard, and those that cannot. `name` is never a path."""

    name: str
    entries: tuple[Entry, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What utterances can be grouped by."""
        names = dict.fromkeys(name for entry in self.entries for name in entry.columns)
        return (SPEAKER, DURATION, *(name for name in names if name not in (SPEAKER, DURATION)))

    def expect_column(self, name: str) -> None:
        """Raises DataError for a column that no utterance has."""
        if name not in self.columns:
            raise DataError(f"{self.name}: has no column {name!r}; it has {', '.join(self.columns)}")


def make_manifest(name: str, entries: Iterable[Entry], most: int | None = None) -> Manifest:
    """Leave out what cannot be evaluated, and say why. Raises DataError when nothing is left."""
    seen: set[str] = set()
    kept: list[Entry] = []
    skipped: list[Skipped] = []
    for entry in entries:
        problem = _problem(entry, seen)
        seen.add(entry.id)
        if problem is None:
            kept.append(entry)
        else:
            skipped.append(Skipped(entry.id, problem))
        if most is not None and len(kept) == most:
            break
    if not kept:
        raise DataError(f"{name}: has no utterance that can be evaluated{_why(skipped)}; expected audio with its text")
    return Manifest(name, tuple(kept), tuple(skipped))


def bucket(seconds: float) -> str:
    """The duration bucket of a recording, e.g. `2-5 s`."""
    lower = 0.0
    for upper in BUCKETS:
        if seconds < upper:
            return f"{lower:g}-{upper:g} s"
        lower = upper
    return f"over {lower:g} s"


def _problem(entry: Entry, seen: set[str]) -> Problem | None:
    if entry.id in seen:
        return Problem.SEEN
    if not entry.text.strip():
        return Problem.NO_TEXT
    return None if entry.audio.is_file() else Problem.NO_AUDIO


def _why(skipped: Sequence[Skipped]) -> str:
    counts = Counter(one.problem for one in skipped)
    return f" ({', '.join(f'{count}: {problem}' for problem, count in counts.items())})" if counts else ""

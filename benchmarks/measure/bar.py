"""Promised numbers, and whether a run kept them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Sense(StrEnum):
    """Which side of the bar is good."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Promise:
    """What `number` of a summary must be, and a name for people."""

    name: str
    number: str
    sense: Sense
    bar: float

    def judge(self, value: float) -> "Bar":
        """Whether `value` keeps it."""
        passed = value <= self.bar if self.sense is Sense.AT_MOST else value >= self.bar
        return Bar(self.name, self.number, value, self.sense, self.bar, passed)


@dataclass(frozen=True, slots=True)
class Bar:
    """A promise with the measured value."""

    name: str
    number: str
    value: float
    sense: Sense
    bar: float
    passed: bool


def judge_bars(promises: Sequence[Promise], summary: Mapping[str, float]) -> tuple[Bar, ...]:
    """Every promise about a number that was measured."""
    return tuple(p.judge(summary[p.number]) for p in promises if p.number in summary)

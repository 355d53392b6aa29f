"""The document that every benchmark writes."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from speechtrt.benchmarks.environment import Environment
from speechtrt.benchmarks.measure.bar import Bar
from speechtrt.benchmarks.measure.verdict import Valid
from speechtrt.documents import SCHEMA

L = TypeVar("L")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Generic[L, T]):
    """One run: where, under which load, every trial, and flat numbers in base units.

    `bars` are the promises that the run was to keep. `valid` is True, or the reasons why the numbers may not be quoted.
    """

    schema: int = SCHEMA
    kind: str
    environment: Environment
    load: L
    trials: tuple[T, ...]
    summary: dict[str, float]
    bars: tuple[Bar, ...] = ()
    valid: Valid

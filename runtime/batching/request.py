"""A request on its way into a slot."""

from dataclasses import dataclass
from typing import Generic, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[R]):
    """A request in the queue since `arrived` seconds, wanted by `due`; an urgent one does not wait for company."""

    request: R
    arrived: float
    due: float
    urgent: bool


@dataclass(frozen=True, slots=True)
class Placement(Generic[R]):
    """A request that now owns a row."""

    owner: int
    row: int
    request: R

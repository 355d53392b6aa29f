"""A model that was opened from an engine set, and all that belongs to it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from speechtrt.runtime.serving.core.ports import Model
from speechtrt.runtime.serving.core.specimen import Specimen

M = TypeVar("M", bound=Model)


def _nothing() -> None:
    """There is nothing to free."""


@dataclass(frozen=True, slots=True)
class Opened(Generic[M]):
    """A warm model. `close` frees its engines and may block; `specimen` is what it made of its first inputs.

    `folder` is the engine set it came from, None for a model that has none.
    """

    model: M
    close: Callable[[], None] = _nothing
    folder: Path | None = None
    specimen: Specimen | None = None

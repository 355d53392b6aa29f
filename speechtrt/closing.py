"""What owns resources: closed at the end of a `with` block, however it ends."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Closing(ABC):
    """A context manager that is its own resource."""

    __slots__ = ()

    @abstractmethod
    def close(self) -> None:
        """Give back what is held; it may be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

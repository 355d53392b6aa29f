"""What a backend does with a lowered graph."""

from pathlib import Path
from typing import Protocol

from speechtrt.engine_set import Profile
from speechtrt.engines.graph import Graph


class EngineBuilder(Protocol):
    """Turns a lowered graph into the file that the backend loads."""

    @property
    def suffix(self) -> str:
        """Of the engine's file name."""
        ...

    def build(self, graph: Graph, profiles: tuple[Profile, ...]) -> bytes:
        """The engine's bytes. Raises BuildError, or BackendError when the backend is not installed."""
        ...

    def open(self, path: Path) -> str:
        """Load an engine file; returns "" or a note that says why it could only be checked in part.

        Raises BuildError or IntegrityError when the file is no engine for this machine.
        """
        ...

"""What a backend does with a lowered graph."""

from pathlib import Path
from typing import Protocol

from speechtrt.engine_set import EngineStage, NodePolicy, Profile
from speechtrt.engines.graph import Graph


class EngineBuilder(Protocol):
    """Turns a lowered graph into the file that the backend loads."""

    @property
    def suffix(self) -> str:
        """Of the engine's file name."""
        ...

    def build(self, graph: Graph, profiles: tuple[Profile, ...], policy: tuple[NodePolicy, ...] = ()) -> bytes:
        """The engine's bytes. Raises BuildError, or BackendError when the backend is not installed.

        Raises PrecisionError when the backend computes a node in another precision than `policy` says.
        """
        ...

    def open(self, path: Path, stage: EngineStage) -> str:
        """Load an engine file of a stage; returns "" or a note that says why it could only be checked in part.

        Raises BuildError or IntegrityError when the file is no engine for this machine, or of other types.
        """
        ...

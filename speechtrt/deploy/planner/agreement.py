"""Whether a plan says what servers together were measured to carry."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.deploy.planner.measured import Document, read_result
from speechtrt.errors import DeployError

MOST = 0.15


@dataclass(frozen=True, slots=True)
class Agreement:
    """Streams in time of all replicas: as planned without headroom, and as measured while all of them worked.

    `planned_alone` is the plan that does not know what neighbours cost.
    """

    replicas: int
    planned: int
    planned_alone: int
    measured: int

    @property
    def difference(self) -> float:
        """Of the plan from the measurement, relative to it."""
        return self.planned / self.measured - 1

    @property
    def close(self) -> bool:
        """Whether the plan is within 15 %."""
        return abs(self.difference) <= MOST


def agreement(beside: int, alone: int, chunk: int | None, paths: Sequence[Path]) -> Agreement:
    """Compare streams of a server, planned beside others and alone, with results of servers that were measured at once.

    Raises DeployError.
    """
    measured = sum(_in_time(path, read_result(path), chunk) for path in paths)
    return Agreement(len(paths), len(paths) * beside, len(paths) * alone, measured)


def _in_time(path: Path, document: Document, chunk: int | None) -> int:
    largest = max((trial.chunk_milliseconds for trial in document.trials), default=0)
    name = f"chunk_{chunk or largest}.streams_at_slo"
    found = document.summary.get(name)
    if not isinstance(found, int | float) or found <= 0:
        raise DeployError(f"{path}: lacks {name}; measure each replica with `speechtrt bench stream`")
    return int(found)

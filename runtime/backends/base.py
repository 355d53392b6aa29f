"""The seam between the runtime and what executes a stage."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Protocol, Self

import numpy.typing as npt

from speechtrt.specs import StageSpec

Array = npt.NDArray[Any]
Tensors = Mapping[str, Array]


class Runner(Protocol):
    """One opened stage. `run` is for stages of free shapes, `bind` and `step` for a stage that keeps state."""

    @property
    def stage(self) -> StageSpec:
        """The tensors of the stage."""

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """One pass over arrays of any shape that the stage accepts; every output by name."""

    def bind(self, tensors: Tensors) -> None:
        """Read and write these arrays [slots, ...] from now on: one for every input and output of the stage.

        An input and an output may share one array, which the stage then updates in place.
        """

    def unbind(self) -> None:
        """Let go of the bound arrays, whose owner is about to give them up for others."""

    def step(self, rows: int, first: int = 0) -> None:
        """One pass over `rows` rows of the bound arrays, from row `first` on."""

    def push(self, rows: slice) -> None:
        """Take all states of these rows from the bound arrays; whoever changes only a part of them pulls first."""

    def pull(self, rows: slice) -> None:
        """The caller is about to read the states of these rows in the bound arrays."""

    def close(self) -> None:
        """Free the stage; it may be closed twice."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Backend(Protocol):
    """Opens the stages of one engine set."""

    @property
    def name(self) -> str:
        """What runs, for people and result files, e.g. ort-cpu-int8."""

    def open(self, stage: str) -> Runner:
        """The runner of a stage. Raises ManifestError, IntegrityError or BackendError."""

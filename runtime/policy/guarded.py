"""A stage under guard: an engine with the reference precision beside it."""

from dataclasses import dataclass, field

import numpy as np

from speechtrt.closing import Closing
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Array, Runner, Tensors
from speechtrt.runtime.policy.guard import Guard
from speechtrt.specs import StageSpec


@dataclass(slots=True)
class GuardedRunner(Closing):
    """Runs `engine`; `reference` runs a share of the batches too, and everything once the guard has tripped.

    Both work on the same caches, in place or through `push` and `pull`, so that the reference can take over between any
    two steps: a step overwrites what the other has written at its position and reads only what lies before it.
    """

    engine: Runner
    reference: Runner
    guard: Guard
    _outputs: dict[str, Array] = field(default_factory=dict)  # the engine's, without caches
    _shadows: dict[str, Array] = field(default_factory=dict)  # the reference's
    _slots: int = 0
    _moved: bool = False  # the states are the reference's

    def __post_init__(self) -> None:
        if self.engine.stage.inputs != self.reference.stage.inputs:
            raise BackendError(
                f"stage {self.stage.name} of the reference has other inputs than the engine; "
                "expected two engine sets of one bundle and one backend: build the reference again"
            )

    @property
    def stage(self) -> StageSpec:
        """The tensors of the stage."""
        return self.engine.stage

    def run(self, inputs: Tensors) -> dict[str, Array]:
        """One pass. Raises BackendError, also when not even the reference gives finite numbers."""
        if self.guard.tripped:
            return self._certain(self.reference.run(inputs))
        sampled = self.guard.sample(self.stage.name)
        outputs = self.engine.run(inputs)
        if not self.guard.finite(self.stage.name, outputs):
            return self._certain(self.reference.run(inputs))
        if sampled:
            reference = self.reference.run(inputs)
            self.guard.compare(self.stage.name, outputs, reference)
            return reference if self.guard.tripped else outputs
        return outputs

    def bind(self, tensors: Tensors) -> None:
        """Step over these arrays; the reference has outputs of its own and shares all the rest."""
        inputs = {id(tensors[spec.name]) for spec in self.stage.inputs}
        names = [spec.name for spec in self.stage.outputs]
        self._outputs = {name: tensors[name] for name in names if id(tensors[name]) not in inputs}
        self._shadows = {name: np.zeros_like(array) for name, array in self._outputs.items()}
        self.engine.bind(tensors)
        self.reference.bind({**tensors, **self._shadows})
        self._slots, self._moved = len(next(iter(tensors.values()))), self.guard.tripped

    def unbind(self) -> None:
        """Both let go."""
        self._outputs, self._shadows = {}, {}
        self.engine.unbind()
        self.reference.unbind()

    def push(self, rows: slice) -> None:
        """Both take the states."""
        self.engine.push(rows)
        self.reference.push(rows)

    def pull(self, rows: slice) -> None:
        """From whoever stepped last."""
        (self.reference if self._moved else self.engine).pull(rows)

    def step(self, rows: int, first: int = 0) -> None:
        """One pass over `rows` rows, from row `first` on. Raises BackendError as `run` does."""
        if self.guard.tripped:
            self._step_reference(rows, first)
            return
        if sampled := self.guard.sample(self.stage.name):
            self._hand_over(slice(first, first + rows))
            self.reference.step(rows, first)  # first, so that what stays in the caches is the engine's
        self.engine.step(rows, first)
        outputs = _part(self._outputs, rows, first)
        if self.guard.finite(self.stage.name, outputs) and sampled:
            self.guard.compare(self.stage.name, outputs, _part(self._shadows, rows, first))
        if self.guard.tripped:
            self._step_reference(rows, first)

    def close(self) -> None:
        """Free both; it may be closed twice."""
        self.engine.close()
        self.reference.close()

    def _hand_over(self, rows: slice) -> None:
        self.engine.pull(rows)
        self.reference.push(rows)

    def _step_reference(self, rows: int, first: int) -> None:
        if not self._moved:
            self._hand_over(slice(0, self._slots))
            self._moved = True
        self.reference.step(rows, first)
        for name, shadow in self._certain(_part(self._shadows, rows, first)).items():
            self._outputs[name][first : first + rows] = shadow

    def _certain(self, outputs: dict[str, Array]) -> dict[str, Array]:
        if not all(np.isfinite(value.sum(dtype=np.float64)) for value in outputs.values()):
            raise BackendError(f"stage {self.stage.name} gives NaN or infinity in the reference precision too")
        return outputs


def _part(arrays: dict[str, Array], rows: int, first: int) -> dict[str, Array]:
    return {name: array[first : first + rows] for name, array in arrays.items()}

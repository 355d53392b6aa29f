"""The engines of a stage by the length of the caches they are for, opened when first needed."""

from collections.abc import Callable
from dataclasses import dataclass, field

from speechtrt.engine_set import EngineStage
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.base import Tensors
from speechtrt.runtime.backends.device_runner import Program


@dataclass(slots=True)
class BucketedPrograms:
    """`load` opens a listed file of the engine set. The caches' length is that of the bound arrays."""

    stage: EngineStage
    load: Callable[[str], Program]
    _opened: dict[str, Program] = field(default_factory=dict)

    def fitting(self, tensors: Tensors) -> Program:
        """See Programs."""
        if not self.stage.buckets:
            return self.any_size()
        length = self._length(tensors)
        files = {bucket.size: bucket.file.path for bucket in self.stage.buckets}
        if length not in files:
            known = ", ".join(map(str, sorted(files)))
            raise BackendError(
                f"stage {self.stage.spec.name}: caches of {length} steps were asked for, engines hold {known}; "
                "shorten the text, or build engines for longer caches"
            )
        return self._open(files[length])

    def any_size(self) -> Program:
        """See Programs."""
        return self._open(self.stage.file.path)

    def close(self) -> None:
        """See Programs."""
        for program in self._opened.values():
            program.close()
        self._opened.clear()

    def _open(self, file: str) -> Program:
        if file not in self._opened:
            self._opened[file] = self.load(file)
        return self._opened[file]

    def _length(self, tensors: Tensors) -> int:
        """Along the axis on which a state grows."""
        state = next(s for s in self.stage.spec.states if s.grows is not None)
        axis = self.stage.spec.input(state.input).shape.index(str(state.grows))
        return int(tensors[state.input].shape[axis])

"""Time per stage of the PyTorch model, taken at the borders of its modules."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle


class ModuleClock:
    """Adds up the time between a module's call and its return, under a stage's name. Stages do not nest."""

    def __init__(self, stages: dict[str, tuple[nn.Module, ...]]) -> None:
        self._stages = stages
        self.seconds: dict[str, float] = defaultdict(float)
        self._started = 0.0

    @contextmanager
    def running(self) -> Iterator[dict[str, float]]:
        """Measure during the block; the yielded seconds per stage grow meanwhile."""
        self.seconds = defaultdict(float)
        handles = [h for stage, modules in self._stages.items() for m in modules for h in self._attach(stage, m)]
        try:
            yield self.seconds
        finally:
            for handle in handles:
                handle.remove()

    def _attach(self, stage: str, module: nn.Module) -> tuple[RemovableHandle, RemovableHandle]:
        def enter(_module: nn.Module, _inputs: Any) -> None:
            self._started = time.perf_counter()

        def leave(_module: nn.Module, _inputs: Any, _output: Any) -> None:
            self.seconds[stage] += time.perf_counter() - self._started

        return module.register_forward_pre_hook(enter), module.register_forward_hook(leave)

"""What GPUs do while something is measured."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import fmean

from speechtrt.closing import Closing
from speechtrt.runtime.gpu import GpuUse, gpu_uses

PERIOD_SECONDS = 0.25  # about as long as a driver's own mean reaches back


@dataclass(slots=True)
class GpuWatch(Closing):
    """Asks the driver now and then, from its start to its end; nothing happens where there is no GPU.

    Both figures are of all GPUs, whoever uses them: a driver does not know one process's share of the time.
    """

    uses: Callable[[], tuple[GpuUse, ...]]
    _samples: list[tuple[GpuUse, ...]] = field(default_factory=list)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    @classmethod
    def start(cls, uses: Callable[[], tuple[GpuUse, ...]] = gpu_uses) -> "GpuWatch":
        """Watch from now on, in a thread of its own."""
        watch = cls(uses)
        if uses():
            watch._thread = threading.Thread(target=watch._watch, name="gpu-watch", daemon=True)
            watch._thread.start()
        return watch

    @property
    def utilisation(self) -> float | None:
        """Share of the time in which a kernel ran, over samples and GPUs; None where there is no GPU."""
        return fmean(use.load for sample in self._samples for use in sample) if self._samples else None

    @property
    def memory_bytes(self) -> int | None:
        """The most memory that was in use at once; None where there is no GPU."""
        return max((sum(use.used for use in sample) for sample in self._samples), default=None)

    def close(self) -> None:
        """Look once more, and no longer. It may be closed twice."""
        if self._thread is not None and not self._over.is_set():
            self._over.set()
            self._thread.join()
            self._sample()

    def _watch(self) -> None:
        while not self._over.wait(PERIOD_SECONDS):
            self._sample()

    def _sample(self) -> None:
        if sample := self.uses():  # a driver may fail meanwhile
            self._samples.append(sample)

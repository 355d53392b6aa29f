"""Whether an engine still does what its gate measured; one that does not is replaced by the reference precision."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from speechtrt.runtime.backends.base import Array

KEPT_EVENTS = 100
QUIET = (
    0.05  # a pause is not judged more strictly than soft speech, nor a stop probability near 0 than one of a twentieth
)


class GuardEventKind(StrEnum):
    """What a guard has seen or done."""

    DRIFT = "drift"  # a batch differs from the reference by more than its tolerance
    NOT_FINITE = "not finite"  # a batch holds NaN or infinity
    SWITCHED = "switched"  # every stage runs in the reference precision from now on
    SUSPENDED = "suspended"  # the reference precision runs from the start, as a guard before this one has decided
    REVALIDATED = "revalidated"  # the engines are trusted again


@dataclass(frozen=True, slots=True)
class GuardEvent:
    """An event at `at` seconds of the guard's clock; `value` is the relative error where there is one."""

    kind: GuardEventKind
    stage: str
    value: float | None
    at: float


@dataclass(frozen=True, slots=True)
class GuardPolicy:
    """`share` of the batches of each stage is run again in the reference precision.

    `strikes` of them in a row beyond the stage's tolerance (relative error) switch, as does the first NaN. The vocoder
    may err more: INT8 engines that had passed their gates erred up to 0.06 in the decoder and 0.15 in the waveform.
    """

    share: float = 0.02
    strikes: int = 2
    tolerance: float = 0.2
    tolerances: Mapping[str, float] = field(default_factory=lambda: {"vocoder": 0.4})  # of single stages

    def limit(self, stage: str) -> float:
        """The tolerance of a stage."""
        return self.tolerances.get(stage, self.tolerance)


@dataclass(slots=True)
class Guard:
    """The state of one model's guard, for any number of threads. `listen` is told of every event."""

    policy: GuardPolicy = field(default_factory=GuardPolicy)
    listen: Callable[[GuardEvent], None] = lambda _: None
    now: Callable[[], float] = time.monotonic
    _tripped: bool = False
    _batches: Counter[str] = field(default_factory=Counter)
    _strikes: Counter[str] = field(default_factory=Counter)
    _counts: Counter[GuardEventKind] = field(default_factory=Counter)
    _events: deque[GuardEvent] = field(default_factory=lambda: deque(maxlen=KEPT_EVENTS))
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def tripped(self) -> bool:
        """Whether the reference precision runs."""
        return self._tripped

    @property
    def events(self) -> tuple[GuardEvent, ...]:
        """The latest events, oldest first."""
        with self._lock:
            return tuple(self._events)

    @property
    def counts(self) -> Mapping[GuardEventKind, int]:
        """How often each event has happened."""
        with self._lock:
            return dict(self._counts)

    @property
    def totals(self) -> Mapping[str, int]:
        """The same for every kind of event, also for those that have not happened."""
        return {kind.value: self.counts.get(kind, 0) for kind in GuardEventKind}

    @property
    def batches(self) -> Mapping[str, int]:
        """How many batches of each stage the engines have run under this guard."""
        with self._lock:
            return dict(self._batches)

    def sample(self, stage: str) -> bool:
        """Count a batch; whether it is one that the reference runs too: the first and then evenly a share."""
        with self._lock:
            number = self._batches[stage]
            self._batches[stage] += 1
        return int(number * self.policy.share) > int((number - 1) * self.policy.share) or number == 0

    def finite(self, stage: str, outputs: Mapping[str, Array]) -> bool:
        """Whether all outputs are finite; if not, switch."""
        if all(np.isfinite(value.sum(dtype=np.float64)) for value in outputs.values()):
            return True
        with self._lock:
            self._note(GuardEventKind.NOT_FINITE, stage, None)
            self._switch(stage, None)
        return False

    def compare(self, stage: str, outputs: Mapping[str, Array], reference: Mapping[str, Array]) -> None:
        """Hold the outputs of a sampled batch against the reference's; too many strikes switch."""
        error = max(relative_error(outputs[name], reference[name]) for name in outputs)
        with self._lock:
            if error <= self.policy.limit(stage):
                self._strikes[stage] = 0
                return
            self._note(GuardEventKind.DRIFT, stage, error)
            self._strikes[stage] += 1
            if self._strikes[stage] >= self.policy.strikes:
                self._switch(stage, error)

    def suspend(self) -> None:
        """Begin with the engines distrusted."""
        with self._lock:
            self._tripped = True
            self._note(GuardEventKind.SUSPENDED, "", None)

    def revalidate(self) -> None:
        """Trust the engines again, after they have passed their gates."""
        with self._lock:
            self._tripped = False
            self._strikes.clear()
            self._note(GuardEventKind.REVALIDATED, "", None)

    def _switch(self, stage: str, value: float | None) -> None:
        if not self._tripped:
            self._tripped = True
            self._note(GuardEventKind.SWITCHED, stage, value)

    def _note(self, kind: GuardEventKind, stage: str, value: float | None) -> None:
        event = GuardEvent(kind, stage, value, self.now())
        self._counts[kind] += 1
        self._events.append(event)
        self.listen(event)


def relative_error(value: Array, reference: Array) -> float:
    """RMS of the difference over the RMS of the reference, which counts as at least QUIET."""
    difference = np.subtract(value, reference, dtype=np.float64)
    return _rms(difference) / max(_rms(reference.astype(np.float64)), QUIET)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(np.square(values))))

"""What has happened to the engine sets: kept for operators, counted, and logged."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from speechtrt.runtime.serving.core.metrics import Metrics

LOG = logging.getLogger("speechtrt.fleet")
KEPT = 100


class Act(StrEnum):
    """What can happen."""

    SWAPPED = "swapped"
    FAILED = "failed"
    CLOSED = "closed"
    TRIED = "tried"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Happening:
    """An act upon the engine set `version` of `model`, and why; `at` is seconds since 1970."""

    act: Act
    model: str
    version: str
    reason: str
    at: float


@dataclass(slots=True)
class Chronicle:
    """The latest happenings, oldest first."""

    metrics: Metrics
    now: Callable[[], float] = time.time
    happenings: deque[Happening] = field(default_factory=lambda: deque(maxlen=KEPT))

    def declare(self, models: Iterable[str]) -> None:
        """Let every series of these models begin at zero."""
        for model in models:
            for act in Act:
                self.metrics.fleet.labels(model, act)

    def note(self, act: Act, model: str, version: str, reason: str = "") -> None:
        """Keep, count and log it."""
        self.happenings.append(Happening(act, model, version, reason, round(self.now(), 3)))
        self.metrics.fleet.labels(model, act).inc()
        level = logging.WARNING if act in (Act.FAILED, Act.ROLLED_BACK) else logging.INFO
        fields = {"model": model, "version": version, "reason": reason}
        LOG.log(level, f"engines {act}", extra={"fields": fields})

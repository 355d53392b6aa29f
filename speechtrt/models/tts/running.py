"""Run a training until its budget is spent: log lines, checkpoints, exact resume."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from speechtrt.errors import CheckpointError
from speechtrt.models.training.log import LOG, append_line
from speechtrt.models.training.state_file import expect_no_state, read_state, write_state

STATE = "state.pt"


class Training(Protocol):
    """What this loop needs of a training: updates that depend on their number alone, and a state."""

    @property
    def updates(self) -> int:
        """Updates done."""

    @property
    def total(self) -> int:
        """Updates of the whole training."""

    def step(self) -> Any:
        """One update; a dataclass of numbers to log."""

    def probe(self) -> dict[str, float]:
        """Figures on unseen data, now and then."""

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs."""

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When to stop and how often to write: minutes or updates of the whole training (None: the recipe's end)."""

    minutes: float | None = None
    steps: int | None = None
    log_every: int = 20
    probe_every: int = 200
    save_minutes: float = 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """Updates done and wall seconds spent on them, over all runs."""

    updates: int
    seconds: float


def run_training(training: Training, folder: Path, pace: Pace, resume: bool) -> Progress:
    """Train in `folder`; `resume` continues from its last checkpoint. Raises CheckpointError without one."""
    if not resume:
        expect_no_state(folder / STATE)
    spent = resume_training(training, folder).seconds if resume else 0.0
    started = saved = time.monotonic()
    goal = training.total if pace.steps is None else min(training.total, pace.steps)
    while training.updates < goal:
        losses = training.step()
        now = time.monotonic()
        if training.updates % pace.log_every == 0:
            _log(training, folder, asdict(losses), spent + now - started, pace)
        if pace.minutes is not None and spent + now - started > 60 * pace.minutes:
            break
        if now - saved > 60 * pace.save_minutes:
            save_training(training, folder, spent + now - started)
            saved = now
    seconds = spent + time.monotonic() - started
    save_training(training, folder, seconds)
    return Progress(training.updates, seconds)


def save_training(training: Training, folder: Path, seconds: float) -> None:
    """Write the checkpoint. Raises StorageError for a full disk."""
    write_state(folder / STATE, {"training": training.state(), "seconds": seconds})


def resume_training(training: Training, folder: Path) -> Progress:
    """Restore the checkpoint of `folder`. Raises CheckpointError when it is missing, damaged or does not fit."""
    path = folder / STATE
    saved = read_state(path)
    try:
        training.restore(saved["training"])
    except (KeyError, RuntimeError, ValueError) as error:
        raise CheckpointError(
            f"{path}: does not fit this recipe ({error}); train with the recipe it was made by"
        ) from error
    return Progress(training.updates, float(saved["seconds"]))


def _log(training: Training, folder: Path, figures: dict[str, float], seconds: float, pace: Pace) -> None:
    line: dict[str, float] = {"update": training.updates, "seconds": round(seconds, 1), **figures}
    if training.updates % pace.probe_every == 0:
        line |= training.probe()
    append_line(folder / LOG, line)

"""The training loop: updates, log lines, evaluations and checkpoints, until the budget is spent."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import AdamW

from speechtrt.errors import DataError
from speechtrt.models.training.checkpoint import Position, load_checkpoint, save_checkpoint
from speechtrt.models.training.log import TrainingLog
from speechtrt.models.training.machine import CPU, Machine
from speechtrt.models.training.schedule import Budget, LearningRate
from speechtrt.models.training.task import Task


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """Optimiser, schedule, machine, and how often to log, evaluate and save."""

    rate: LearningRate
    budget: Budget
    seed: int = 1
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    gradient_clip: float = 1.0
    log_steps: int = 50
    save_minutes: float = 3.0
    evaluate_minutes: float = 10.0
    machine: Machine = CPU


class Trainer:
    """Trains the model of a `Task` in `folder`: `checkpoint.pt` and `log.jsonl`."""

    def __init__(self, task: Task, options: TrainingOptions, folder: Path) -> None:
        self.task = task
        self.options = options
        self.folder = folder
        self.position = Position()
        self.optimizer = AdamW(_groups(task.model, options.weight_decay), lr=options.rate.peak, betas=options.betas)
        self.log = TrainingLog(folder)
        self._batches: tuple[int, Any] | None = None

    def resume(self) -> None:
        """Go on from the folder's checkpoint. Raises CheckpointError when there is none or it does not fit."""
        self.position = load_checkpoint(self.folder, self.task.model, self.optimizer)

    def run(self) -> Position:
        """Train until the budget is spent; evaluates and saves at the end as well."""
        save = _Interval(self.options.save_minutes)
        evaluate = _Interval(self.options.evaluate_minutes)
        while self._progress() < 1.0:
            self._timed(self._update)
            if evaluate.due():
                self._timed(self._evaluate)
            if save.due():
                self._save()
        self._timed(self._evaluate)
        self._save()
        return self.position

    def _progress(self) -> float:
        return self.options.budget.progress(self.position.step, self.position.seconds)

    def _timed(self, action: Callable[[], None]) -> None:
        started = time.monotonic()
        action()
        self.position.seconds += time.monotonic() - started

    def _next_batch(self) -> Any:
        position = self.position
        if self._batches is None or self._batches[0] != position.epoch:
            self._batches = (position.epoch, self.task.batches(self.options.seed, position.epoch))
        batches = self._batches[1]
        if not batches:
            raise DataError("the training data holds no batch; expected at least one utterance; make the data first")
        batch = batches[position.batch]
        position.batch += 1
        if position.batch == len(batches):
            position.epoch, position.batch = position.epoch + 1, 0
        return batch

    def _update(self) -> None:
        progress = self._progress()
        rate = self.options.rate.at(self.position.step, progress)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.task.model.train()
        with self.options.machine.autocast():
            scalars = self.task.loss(self._next_batch(), progress)
        self.optimizer.zero_grad(set_to_none=True)
        scalars["loss"].backward()  # type: ignore[no-untyped-call]
        norm = nn.utils.clip_grad_norm_(self.task.model.parameters(), self.options.gradient_clip)
        if bool(torch.isfinite(norm)):  # a batch that overflows is left out rather than poisoning the weights
            self.optimizer.step()
        self.position.step += 1
        self._note(scalars, norm, rate)

    def _note(self, scalars: dict[str, Tensor], norm: Tensor, rate: float) -> None:
        self.log.collect(scalars, norm)
        if self.position.step % self.options.log_steps == 0:
            self.log.flush(self.position, rate)

    def _evaluate(self) -> None:
        self.task.model.eval()
        with torch.no_grad():
            figures = self.task.evaluate()
        self.log.evaluation(self.position, figures)

    def _save(self) -> None:
        save_checkpoint(self.folder, self.task.model, self.optimizer, self.position)


class _Interval:
    """Says when some minutes of wall time have passed since it last did."""

    def __init__(self, minutes: float) -> None:
        self.seconds = minutes * 60
        self.last = time.monotonic()

    def due(self) -> bool:
        if time.monotonic() - self.last < self.seconds:
            return False
        self.last = time.monotonic()
        return True


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Matrices decay; biases, norms and other vectors do not."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]

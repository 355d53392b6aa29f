"""The record of a training: one JSON object per line in `log.jsonl`."""

import math
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from torch import Tensor

from speechtrt.errors import StorageError
from speechtrt.models.training.checkpoint import Position

LOG = "log.jsonl"
Figures = Mapping[str, str | float | None]


class TrainingLog:
    """Averages the scalars of the updates between two lines."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LOG
        self._sums: dict[str, float] = {}
        self._count = 0
        self._since = time.monotonic()

    def collect(self, scalars: dict[str, Tensor], norm: Tensor) -> None:
        """Add the scalars of one update and the norm of its gradient."""
        for name, value in {**scalars, "gradient_norm": norm}.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value.detach())
        self._count += 1

    def flush(self, position: Position, rate: float) -> None:
        """Write the means since the last line."""
        now = time.monotonic()
        means = {name: _plain(total / self._count) for name, total in self._sums.items()}
        timing = {"rate": rate, "seconds_per_update": round((now - self._since) / self._count, 4)}
        self._write("train", position, {**means, **timing})
        self._sums, self._count, self._since = {}, 0, now

    def evaluation(self, position: Position, figures: dict[str, float]) -> None:
        """Write held-out figures."""
        self._write("evaluation", position, {name: _plain(value) for name, value in figures.items()})

    def _write(self, kind: str, position: Position, figures: dict[str, float | None]) -> None:
        place: dict[str, str | float | None] = {
            "kind": kind,
            "step": position.step,
            "epoch": position.epoch,
            "seconds": round(position.seconds, 1),
        }
        append_line(self.path, {**place, **figures})


def append_line(path: Path, figures: Figures) -> None:
    """Add one JSON object to a log. Raises StorageError for a full disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(msgspec.json.encode(figures) + b"\n")
    except OSError as error:
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}); the last checkpoint is whole: make room and go on from it "
            "with --resume"
        ) from error


def _plain(value: float) -> float | None:
    """JSON has no NaN."""
    return round(value, 5) if math.isfinite(value) else None

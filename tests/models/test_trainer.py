import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.training.checkpoint import load_checkpoint
from speechtrt.models.training.log import LOG
from speechtrt.models.training.schedule import Budget, LearningRate
from speechtrt.models.training.trainer import Trainer, TrainingOptions


class LineTask:
    """Fit y = 2 x with noise from the global generator, so that resuming must restore it."""

    def __init__(self, width: int = 1, poisoned: bool = False, batches: int = 7) -> None:
        torch.manual_seed(5)
        self.model = nn.Linear(width, 1)
        self.poisoned = poisoned
        self.count = batches

    def batches(self, seed: int, epoch: int) -> list[int]:
        return [100 * epoch + number + seed for number in range(self.count)]

    def loss(self, batch: int, progress: float) -> dict[str, Tensor]:
        x = torch.randn(4, 1) + 0.01 * (batch % 3)
        error = (self.model(x) - 2 * x).square().mean()
        return {"loss": error * float("nan") if self.poisoned else error, "progress": torch.tensor(progress)}

    def evaluate(self) -> dict[str, float]:
        return {"weight": self.model.weight.item(), "nothing": float("nan")}


def options(steps: int, **changes: Any) -> TrainingOptions:
    rate = LearningRate(peak=0.05, warmup_steps=3)
    return TrainingOptions(rate, Budget(steps=steps), log_steps=5, **changes)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / LOG).read_text().splitlines()]


def test_training_learns_and_says_so(tmp_path: Path) -> None:
    task = LineTask()
    Trainer(task, options(200), tmp_path).run()
    assert task.model.weight.item() == pytest.approx(2.0, abs=0.05)
    log = lines(tmp_path)
    assert [line["step"] for line in log if line["kind"] == "train"] == list(range(5, 201, 5))
    assert log[-1]["kind"] == "evaluation"
    assert log[-1]["weight"] == pytest.approx(2.0, abs=0.05)
    assert log[-1]["nothing"] is None
    assert log[-2]["rate"] < 1e-3 < log[10]["rate"]


def test_a_resumed_run_ends_with_the_same_bits(tmp_path: Path) -> None:
    whole, part, rest = LineTask(), LineTask(), LineTask()
    steady = LearningRate(0.05, 3, floor=1.0)
    torch.manual_seed(7)
    Trainer(whole, TrainingOptions(steady, Budget(steps=20)), tmp_path / "whole").run()
    torch.manual_seed(7)
    Trainer(part, TrainingOptions(steady, Budget(steps=9)), tmp_path / "part").run()
    trainer = Trainer(rest, TrainingOptions(steady, Budget(steps=20)), tmp_path / "part")
    torch.manual_seed(99)
    trainer.resume()
    assert (trainer.position.step, trainer.position.epoch, trainer.position.batch) == (9, 1, 2)
    trainer.run()
    assert torch.equal(rest.model.weight, whole.model.weight)
    assert torch.equal(rest.model.bias, whole.model.bias)


def test_a_poisoned_batch_leaves_the_weights_alone(tmp_path: Path) -> None:
    task = LineTask(poisoned=True)
    before = task.model.weight.clone()
    Trainer(task, options(3), tmp_path).run()
    assert torch.equal(task.model.weight, before)


def test_resuming_needs_a_checkpoint_that_fits(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="start without --resume"):
        Trainer(LineTask(), options(3), tmp_path).resume()
    Trainer(LineTask(), options(3), tmp_path).run()
    with pytest.raises(CheckpointError, match="does not fit this recipe"):
        load_checkpoint(tmp_path, LineTask(width=2).model)
    (tmp_path / "checkpoint.pt").write_bytes(b"torn")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_checkpoint(tmp_path, LineTask().model)


def test_no_data_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no batch"):
        Trainer(LineTask(batches=0), options(3), tmp_path).run()


def test_the_learning_rate_warms_up_and_falls_to_its_floor() -> None:
    rate = LearningRate(peak=1.0, warmup_steps=10, floor=0.1)
    assert rate.at(0, 0.0) == pytest.approx(0.1)
    assert rate.at(9, 0.0) == pytest.approx(1.0)
    assert rate.at(500, 0.5) == pytest.approx(0.55)
    assert rate.at(1000, 1.0) == pytest.approx(0.1)


def test_a_budget_ends_at_its_nearer_limit() -> None:
    assert Budget(steps=10).progress(5, 1e9) == 0.5
    assert Budget(minutes=2).progress(10**9, 60) == 0.5
    assert Budget(steps=10, minutes=2).progress(9, 60) == 0.9
    assert Budget(steps=10).progress(11, 0) == 1.0

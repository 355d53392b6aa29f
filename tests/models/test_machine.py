from pathlib import Path

import pytest
import torch

from speechtrt.errors import BackendError
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.ctc_training.run import RunPlan, train_ctc
from speechtrt.models.training.checkpoint import CHECKPOINT
from speechtrt.models.training.machine import CPU, Arithmetic, Machine, read_machine
from speechtrt.models.training.schedule import Budget
from speechtrt.models.training.state_file import read_state

MIXED = Machine("cpu", Arithmetic.BF16)


@pytest.mark.parametrize(
    ("machine", "mixed"),
    [
        (CPU, False),
        (MIXED, True),
        (Machine("cuda"), True),
        (Machine("cuda", Arithmetic.FP32), False),
        (Machine("cpu", Arithmetic.FP32), False),
    ],
)
def test_mixed_precision_is_the_default_of_a_gpu(machine: Machine, mixed: bool) -> None:
    assert machine.mixed is mixed


def test_matrix_products_are_bfloat16_where_mixed() -> None:
    a = torch.ones(4, 4)
    with MIXED.autocast():
        assert (a @ a).dtype is torch.bfloat16
    with CPU.autocast():
        assert (a @ a).dtype is torch.float32


def test_a_missing_gpu_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(BackendError, match="--device cpu"):
        read_machine("cuda", "auto")


def test_a_mixed_run_trains_float32_weights_to_nearly_the_same(
    tone_data: Path, tiny_recipe: CtcRecipe, tmp_path: Path
) -> None:
    for name, machine in (("mixed", MIXED), ("exact", CPU)):
        train_ctc(RunPlan(tiny_recipe, tone_data, tmp_path / name, machine, Budget(steps=6)))
    mixed, exact = (read_state(tmp_path / name / CHECKPOINT)["model"] for name in ("mixed", "exact"))
    assert {value.dtype for value in mixed.values()} == {torch.float32}
    apart = max(float((value - exact[name]).abs().max()) for name, value in mixed.items())
    assert 0.0 < apart < 0.05

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from speechtrt.errors import DataError
from speechtrt.models.ctc_training.distillation import TeacherPlan, divergence
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.ctc_training.run import RunPlan, train_ctc
from speechtrt.models.tokenizer import train_tokenizer
from speechtrt.models.training.log import LOG
from speechtrt.models.training.schedule import Budget
from tests.models.conftest import TINY_ENCODER


def rows(seed: int) -> torch.Tensor:
    """Log-probabilities [2, 7, 5]."""
    return torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(seed)).log_softmax(-1)


def test_divergence_is_the_mean_over_valid_frames() -> None:
    taught, learnt, counts = rows(1), rows(2), torch.tensor([7, 4])
    frames = functional.kl_div(learnt, taught, reduction="none", log_target=True).sum(-1)
    assert divergence(taught, learnt, counts).item() == pytest.approx(
        ((frames[0].sum() + frames[1, :4].sum()) / 11).item()
    )
    assert divergence(taught, taught, counts).item() == pytest.approx(0.0, abs=1e-6)
    assert divergence(taught, learnt, counts, 4.0).item() != pytest.approx(divergence(taught, learnt, counts).item())


def test_a_student_comes_nearer_to_its_teacher(tone_data: Path, tiny_recipe: CtcRecipe, tmp_path: Path) -> None:
    teacher = train_ctc(RunPlan(tiny_recipe, tone_data, tmp_path / "teacher", budget=Budget(steps=4)))
    recipe = CtcRecipe(
        {**TINY_ENCODER, "dropout": 0.0, "hidden_size": 8},
        vocab_size=24,
        rows=4,
        peak_rate=2e-2,
        warmup_steps=1,
        phone_weight=0.0,
        tokenizer=str(teacher),
        teacher=TeacherPlan(str(teacher), share=1.0),
    )
    train_ctc(RunPlan(recipe, tone_data, tmp_path / "student", budget=Budget(steps=100)))
    lines = [json.loads(line) for line in (tmp_path / "student" / LOG).read_text().splitlines()]
    taught = [line["teacher"] for line in lines if line["kind"] == "train"]
    assert taught[-1] < 0.5 * taught[0]
    assert all(line["loss"] == pytest.approx(line["teacher"], abs=1e-4) for line in lines if line["kind"] == "train")


def test_a_teacher_with_other_pieces_is_refused(tone_data: Path, tiny_recipe: CtcRecipe, tmp_path: Path) -> None:
    teacher = train_ctc(RunPlan(tiny_recipe, tone_data, tmp_path / "teacher", budget=Budget(steps=1)))
    train_tokenizer(["wholly other words", "of another text"] * 9, 24).save(teacher)
    recipe = replace(tiny_recipe, teacher=TeacherPlan(str(teacher)))
    with pytest.raises(DataError, match="has other pieces"):
        train_ctc(RunPlan(recipe, tone_data, tmp_path / "student", budget=Budget(steps=1)))

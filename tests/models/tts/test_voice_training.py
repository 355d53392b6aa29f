from dataclasses import replace
from pathlib import Path

import pytest
import torch

from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.training.log import LOG
from speechtrt.models.training.machine import Arithmetic, Machine
from speechtrt.models.training.state_file import previous
from speechtrt.models.tts.corpus import Corpus
from speechtrt.models.tts.recipe import VoiceRecipe, read_voice_recipe
from speechtrt.models.tts.running import STATE, Pace, run_training
from speechtrt.models.tts.training import VoiceTraining, learning_rate

PIECES = 39


def test_spelling_is_learnt(corpus: Corpus, tiny_voice_recipe: VoiceRecipe) -> None:
    recipe = replace(tiny_voice_recipe, spelling_steps=60, spelling_learning_rate=5e-3)
    training = VoiceTraining(recipe, corpus, PIECES)
    losses = [training.step() for _ in range(60)]
    assert losses[-1].spelling < 0.3 * losses[0].spelling
    assert training.probe()["unseen_accuracy"] > 0.7


def test_speech_is_learnt(corpus: Corpus, tiny_voice_recipe: VoiceRecipe) -> None:
    recipe = replace(tiny_voice_recipe, spelling_steps=0, steps=40, anneal=40, batch=4, joined=0.0, learning_rate=1e-2)
    training = VoiceTraining(recipe, corpus, PIECES)
    losses = [training.step() for _ in range(40)]
    assert losses[-1].before < 0.92 * losses[0].before
    assert losses[-1].stop < 0.7 * losses[0].stop


def test_a_resumed_training_equals_an_unbroken_one(
    corpus: Corpus, tiny_voice_recipe: VoiceRecipe, tmp_path: Path
) -> None:
    whole = VoiceTraining(tiny_voice_recipe, corpus, PIECES)
    run_training(whole, tmp_path / "whole", Pace(), resume=False)
    first = VoiceTraining(tiny_voice_recipe, corpus, PIECES)
    run_training(first, tmp_path / "parts", Pace(steps=5), resume=False)
    second = VoiceTraining(tiny_voice_recipe, corpus, PIECES)
    run_training(second, tmp_path / "parts", Pace(log_every=1), resume=True)
    assert second.updates == whole.updates == whole.total
    theirs = second.model.state_dict()
    assert all(torch.equal(value, theirs[name]) for name, value in whole.model.state_dict().items())
    assert len((tmp_path / "parts" / LOG).read_text().splitlines()) == whole.total - 5


def test_mixed_precision_learns_nearly_the_same(corpus: Corpus, tiny_voice_recipe: VoiceRecipe) -> None:
    mixed = VoiceTraining(tiny_voice_recipe, corpus, PIECES, Machine("cpu", Arithmetic.BF16))
    exact = VoiceTraining(tiny_voice_recipe, corpus, PIECES)
    for _ in range(tiny_voice_recipe.spelling_steps + 3):
        ours, theirs = mixed.step(), exact.step()
        assert ours.spelling == pytest.approx(theirs.spelling, rel=0.1)
        assert ours.before == pytest.approx(theirs.before, rel=0.1)
        assert ours.spelling != theirs.spelling
    assert {p.dtype for p in mixed.model.parameters()} == {torch.float32}


def test_a_damaged_checkpoint_is_refused_and_the_one_before_it_is_kept(
    corpus: Corpus, tiny_voice_recipe: VoiceRecipe, tmp_path: Path
) -> None:
    run_training(VoiceTraining(tiny_voice_recipe, corpus, PIECES), tmp_path, Pace(steps=1), resume=False)
    run_training(VoiceTraining(tiny_voice_recipe, corpus, PIECES), tmp_path, Pace(steps=2), resume=True)
    (tmp_path / STATE).write_bytes(b"torn")
    with pytest.raises(CheckpointError, match=r"is damaged .*state\.previous\.pt"):
        run_training(VoiceTraining(tiny_voice_recipe, corpus, PIECES), tmp_path, Pace(), resume=True)
    previous(tmp_path / STATE).rename(tmp_path / STATE)
    third = VoiceTraining(tiny_voice_recipe, corpus, PIECES)
    run_training(third, tmp_path, Pace(steps=3), resume=True)
    assert third.updates == 3


def test_resuming_nothing_is_an_error(corpus: Corpus, tiny_voice_recipe: VoiceRecipe, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="start without --resume"):
        run_training(VoiceTraining(tiny_voice_recipe, corpus, PIECES), tmp_path, Pace(), resume=True)


def test_another_recipes_checkpoint_is_refused(corpus: Corpus, tiny_voice_recipe: VoiceRecipe, tmp_path: Path) -> None:
    run_training(VoiceTraining(tiny_voice_recipe, corpus, PIECES), tmp_path, Pace(steps=1), resume=False)
    wider = VoiceTraining(replace(tiny_voice_recipe, hidden=48), corpus, PIECES)
    with pytest.raises(CheckpointError, match="does not fit this recipe"):
        run_training(wider, tmp_path, Pace(), resume=True)


def test_the_rate_warms_up_and_ends_low(tiny_voice_recipe: VoiceRecipe) -> None:
    recipe = replace(tiny_voice_recipe, spelling_steps=0, steps=100, warmup=10, anneal=20)
    rates = [learning_rate(recipe, update) for update in range(100)]
    assert rates[0] < rates[9] == pytest.approx(recipe.learning_rate) == rates[80]
    assert rates[-1] < 0.2 * recipe.learning_rate


def test_the_shipped_recipe_is_read() -> None:
    recipe = read_voice_recipe()
    assert recipe.hidden % recipe.heads == 0
    assert recipe.steps > recipe.anneal > 0


def test_a_recipe_with_a_missing_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text("[voice]\nhidden = 4\n")
    with pytest.raises(DataError, match=r"r.toml: is not a VoiceRecipe"):
        read_voice_recipe(tmp_path / "r.toml")

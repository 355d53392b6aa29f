"""Train a CTC model from a recipe and made data, in a folder that a later run can resume."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.card import CardFacts
from speechtrt.models.ctc_training.evaluation import CtcEvaluation, evaluate_ctc
from speechtrt.models.ctc_training.features import load_features
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.ctc_training.publish import publish_ctc, round_to_half
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.ctc_training.source import source_folder
from speechtrt.models.ctc_training.task import CtcModule, CtcTask
from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances
from speechtrt.models.software import cpu_name
from speechtrt.models.tokenizer import TOKENIZER_FILE, PieceTokenizer, load_tokenizer, train_tokenizer
from speechtrt.models.training.checkpoint import CHECKPOINT, Position, load_checkpoint
from speechtrt.models.training.machine import CPU, Machine
from speechtrt.models.training.schedule import Budget, LearningRate
from speechtrt.models.training.state_file import expect_no_state
from speechtrt.models.training.trainer import Trainer, TrainingOptions

MODEL_FOLDER = "model"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Where the data is and the run goes, on which machine, for how long (the recipe's minutes when no budget)."""

    recipe: CtcRecipe
    data: Path
    out: Path
    machine: Machine = CPU
    budget: Budget | None = None
    resume: bool = False


def train_ctc(plan: RunPlan) -> Path:
    """Train, and return the folder of the finished checkpoint. Raises DataError or CheckpointError."""
    for name in (*plan.recipe.train_sets, plan.recipe.held_out_set):
        read_manifest(plan.data / name)  # who has no data yet should hear of that first
    if not plan.resume:
        expect_no_state(plan.out / CHECKPOINT)
    torch.manual_seed(plan.recipe.seed)
    tokenizer = _tokenizer(plan)
    trainer = Trainer(_task(plan, tokenizer), _options(plan), plan.out)
    if plan.resume:
        trainer.resume()
    trainer.run()
    return export_run(plan.recipe, plan.out)


def export_run(recipe: CtcRecipe, out: Path) -> Path:
    """Write the weights of a run's last checkpoint as a model folder: `out/model`."""
    module, _ = _last_checkpoint(recipe, out)
    folder = out / MODEL_FOLDER
    module.ctc.save_pretrained(folder)
    load_tokenizer(out).save(folder)
    return folder


def publish_run(
    plan: RunPlan, target: Path, remark: str = "", spoken: Sequence[EvaluationUtterance] | None = None
) -> list[CtcEvaluation]:
    """Evaluate a run's last checkpoint as float16 holds it, and write it to `target` with a model card.

    It is judged on `spoken`, the shipped dialect test set when None; `remark` is added to the card's account of the
    training.
    """
    module, position = _last_checkpoint(plan.recipe, plan.out)
    tokenizer = load_tokenizer(plan.out)
    model = module.ctc
    model.train(False)
    round_to_half(model)
    unseen = measure_recordings(dialect_utterances() if spoken is None else spoken, model.config)
    evaluations = [evaluate_ctc(model, tokenizer, unseen, lookahead) for lookahead in plan.recipe.lookaheads]
    facts = CardFacts(
        name=target.name,
        recipe=plan.recipe,
        spoken=[item for name in plan.recipe.train_sets for item in read_manifest(plan.data / name)],
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        pieces=tokenizer.size,
        position=position,
        hardware=f"one thread of a shared {cpu_name()}" if plan.machine.device == "cpu" else "one GPU",
        state=f"build/train/{plan.recipe.name}/{CHECKPOINT}",
        evaluations=evaluations,
        remark=remark,
    )
    publish_ctc(model, tokenizer, facts, target)
    return evaluations


def _last_checkpoint(recipe: CtcRecipe, out: Path) -> tuple[CtcModule, Position]:
    module = CtcModule(FastConformerCtc(recipe.config()))
    return module, load_checkpoint(out, module)


def _tokenizer(plan: RunPlan) -> PieceTokenizer:
    if (plan.out / TOKENIZER_FILE).is_file():
        return load_tokenizer(plan.out)
    recipe = plan.recipe
    source = recipe.tokenizer or (recipe.start.weights if recipe.start else None)
    if source is not None:
        tokenizer = load_tokenizer(source_folder(source))
        tokenizer.save(plan.out)
        return tokenizer
    texts = [item.text for name in recipe.train_sets for item in read_manifest(plan.data / name)]
    tokenizer = train_tokenizer(texts, recipe.vocab_size)
    tokenizer.save(plan.out)
    return tokenizer


def _task(plan: RunPlan, tokenizer: PieceTokenizer) -> CtcTask:
    config = plan.recipe.config()
    sets = [load_features(plan.data / name, config) for name in plan.recipe.train_sets]
    held_out = load_features(plan.data / plan.recipe.held_out_set, config)
    task = CtcTask(FastConformerCtc(config), tokenizer, sets, held_out, plan.recipe, plan.machine.device)
    if plan.recipe.start is not None:
        plan.recipe.start.apply(task.model.ctc)
    return task


def _options(plan: RunPlan) -> TrainingOptions:
    return TrainingOptions(
        rate=LearningRate(plan.recipe.peak_rate, plan.recipe.warmup_steps),
        budget=plan.budget or Budget(minutes=plan.recipe.minutes),
        seed=plan.recipe.seed,
        machine=plan.machine,
    )

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from speechtrt.errors import DataError
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig, load_ctc
from speechtrt.models.ctc_training.decode import greedy_ids, transcribe_features
from speechtrt.models.ctc_training.features import load_features
from speechtrt.models.ctc_training.recipe import CtcRecipe, load_recipe
from speechtrt.models.ctc_training.reference import evaluate_reference
from speechtrt.models.ctc_training.run import RunPlan, publish_run, train_ctc
from speechtrt.models.ctc_training.task import CtcTask, initialise
from speechtrt.models.data.sets import plans
from speechtrt.models.evaluation.utterances import dialect_utterances
from speechtrt.models.tokenizer import load_tokenizer, train_tokenizer
from speechtrt.models.training.schedule import Budget


def test_a_run_trains_resumes_and_is_published(tone_data: Path, tiny_recipe: CtcRecipe, tmp_path: Path) -> None:
    plan = RunPlan(tiny_recipe, tone_data, tmp_path / "run", budget=Budget(steps=4))
    folder = train_ctc(plan)
    assert load_tokenizer(folder).size == load_ctc(folder).config.vocab_size == 24
    train_ctc(replace(plan, budget=Budget(steps=6), resume=True))
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in log if line["kind"] == "evaluation"] == [4, 6]

    target = tmp_path / "shipped"
    evaluations = publish_run(plan, target, spoken=dialect_utterances()[:5])
    assert [e.chunk_milliseconds for e in evaluations] == [160, 560]
    assert evaluations[0].overall.utterances == 5
    card = (target / "MODEL_CARD.md").read_text()
    assert card.startswith("# shipped\n")
    assert "6 updates of 3 utterances" in card
    assert "| chunk | all | australian | british | indian | southern | standard |" in card
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=target, check=True)

    assert {t.dtype for t in load_file(target / "model.safetensors").values()} == {torch.float16}
    shipped = load_ctc(target)
    assert {p.dtype for p in FastConformerCtc.from_pretrained(target).parameters()} == {torch.float32}
    assert all(torch.equal(p, p.half().float()) for p in shipped.parameters())
    figures = evaluate_reference(str(target), tone_data / "held_out")
    assert figures.load.utterances == 4
    assert figures.trials[0].voices.keys() == {"espeak en-us", "flite slt"}


def test_labels_are_merged_and_blanks_dropped() -> None:
    best = torch.tensor([3, 3, 0, 0, 3, 1, 1, 3, 1])
    assert greedy_ids(torch.nn.functional.one_hot(best, 4).float(), blank=3) == [0, 1, 1]


def test_rows_are_decoded_up_to_their_own_length(tone_data: Path, tiny_config: FastConformerCtcConfig) -> None:
    torch.manual_seed(2)
    model = FastConformerCtc(tiny_config)
    initialise(model)
    model.train(False)
    tones = load_features(tone_data / "train", tiny_config)
    tokenizer = train_tokenizer([u.text for u in tones.utterances], 24)
    rows = [tones.features(0), tones.features(1)[:30]]
    together = transcribe_features(model, tokenizer, rows, lookahead=6)
    assert together == [transcribe_features(model, tokenizer, [row], lookahead=6)[0] for row in rows]
    assert len(together[1]) < len(together[0])


def test_the_phone_loss_counts_until_it_has_faded(tone_data: Path, tiny_recipe: CtcRecipe) -> None:
    config = tiny_recipe.config()
    tones = load_features(tone_data / "train", config)
    tokenizer = train_tokenizer([u.text for u in tones.utterances], 24)
    task = CtcTask(FastConformerCtc(config), tokenizer, [tones], tones, tiny_recipe, "cpu")
    batch = ([0, 1, 2], [(0, 0)] * 3, 6)  # the second tells its phones
    early, late = task.loss(batch, progress=0.25), task.loss(batch, progress=0.5)
    assert early["phone"].item() > 0.1
    assert early["loss"].item() == pytest.approx((early["ctc"] + 1.0 * early["phone"]).item(), rel=1e-5)
    assert late["loss"] is late["ctc"]
    assert "phone" not in late


@pytest.mark.parametrize(
    ("name", "millions"),
    [
        ("ctc-base", 2.5),
        ("ctc-small", 1.3),
        ("ctc-small-finish", 1.3),
        ("ctc-medium", 4.1),
        ("ctc-medium-finish", 4.1),
        ("ctc-medium-distilled", 4.1),
        ("ctc-medium-longer", 4.1),
        ("ctc-large", 12.0),
    ],
)
def test_the_shipped_recipes_have_the_sizes_they_say(name: str, millions: float) -> None:
    recipe = load_recipe(name)
    assert all(70 % (lookahead + 1) == 0 for lookahead in recipe.lookaheads)
    assert {name for name in (*recipe.train_sets, recipe.held_out_set)} <= {plan.name for plan in plans()}
    model = FastConformerCtc(recipe.config())
    assert sum(p.numel() for p in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
    layers = recipe.start.layers if recipe.start else ()
    assert len(layers) in (0, recipe.config().encoder.num_hidden_layers)


def test_the_distilled_recipe_differs_by_its_teacher_alone() -> None:
    plain, taught = (load_recipe(f"ctc-medium-{end}") for end in ("longer", "distilled"))
    assert taught.teacher is not None
    assert replace(taught, teacher=None, name=plain.name) == plain


@pytest.mark.parametrize("text", ["rows = 'many'", "rows = 3", "[", "[encoder]\n[extra]\n"])
def test_a_malformed_recipe_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(DataError, match="not a CtcRecipe"):
        load_recipe(tmp_path / "r.toml")

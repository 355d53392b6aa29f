from pathlib import Path

import pytest

from speechtrt.documents import read_document, write_document
from speechtrt.models.ctc_training.groups import GroupFigures, compare_models, group_table, measure_recordings
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.ctc_training.run import RunPlan, publish_run, train_ctc
from speechtrt.models.evaluation.utterances import EvaluationUtterance, dialect_utterances
from speechtrt.models.training.schedule import Budget

SPOKEN: tuple[EvaluationUtterance, ...] = dialect_utterances()[:10]  # two of each group


@pytest.fixture(scope="module")
def figures(tone_data: Path, tmp_path_factory: pytest.TempPathFactory) -> GroupFigures:
    from tests.models.conftest import TINY_ENCODER

    sources = []
    for name, steps in (("first", 1), ("second", 3)):
        folder = tmp_path_factory.mktemp(name)
        recipe = CtcRecipe(dict(TINY_ENCODER), vocab_size=24, rows=3, warmup_steps=2, peak_rate=0.1)
        plan = RunPlan(recipe, tone_data, folder / "run", budget=Budget(steps=steps))
        train_ctc(plan)
        publish_run(plan, folder / name, spoken=SPOKEN[:5])
        sources.append(str(folder / name))
    return compare_models(sources, SPOKEN)


def test_every_model_chunk_and_group_is_scored(figures: GroupFigures) -> None:
    assert [(t.model, t.chunk_milliseconds) for t in figures.trials] == [
        ("first", 160), ("first", 560), ("second", 160), ("second", 560)
    ]  # fmt: skip
    for trial in figures.trials:
        assert trial.dialects.keys() == {"standard", "southern", "british", "australian", "indian"}
        assert sum(score.words for score in trial.dialects.values()) == trial.overall.words == figures.load.words
        assert figures.summary[f"{trial.model}.indian.wer_{trial.chunk_milliseconds}ms"] == trial.dialects["indian"].wer


def test_neighbours_are_compared_over_all_and_each_group(figures: GroupFigures) -> None:
    summary = figures.summary
    assert sum(name.endswith("_gap") for name in summary) == 2 * 6
    first, second = figures.trials[1], figures.trials[3]
    gap = summary["second.all.wer_560ms_gap"]
    assert gap == pytest.approx(second.overall.wer - first.overall.wer, abs=1e-4)
    assert summary["second.all.wer_560ms_gap_low"] <= gap <= summary["second.all.wer_560ms_gap_high"]
    assert 0 <= summary["second.indian.wer_160ms_gap_p"] <= 1


def test_the_document_is_labelled_synthetic_and_reads_back(figures: GroupFigures, tmp_path: Path) -> None:
    write_document(tmp_path / "groups.json", figures)
    read = read_document(tmp_path / "groups.json", GroupFigures)
    assert read.load.origin == "synthetic"
    assert read.summary == figures.summary


def test_the_table_has_a_row_for_each_trial(figures: GroupFigures) -> None:
    lines = group_table(figures).splitlines()
    assert len(lines) == 2 + len(figures.trials)
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith(f"| first | {figures.trials[0].parameters / 1e6:.1f} M | 160 ms | ")


def test_recordings_keep_their_group_and_length(tiny_recipe: CtcRecipe) -> None:
    spoken = measure_recordings(SPOKEN, tiny_recipe.config())
    assert [u.dialect for u in spoken.utterances] == [u.dialect for u in SPOKEN]
    assert len(spoken.features(0)) == int(100 * spoken.utterances[0].seconds)
